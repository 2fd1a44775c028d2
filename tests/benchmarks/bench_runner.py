"""What running a judge costs beside a bare HTTP client; run with `python`, not collected by pytest.

    python tests/benchmarks/bench_runner.py [speed] [litellm] [--rounds 5]
    python tests/benchmarks/bench_runner.py faults [--items 4000] [--rounds 5]
    python tests/benchmarks/bench_runner.py stream --sessions 1000000

`judgekit` is the whole of it: prompts rendered and hashed, every reply in the store and in a run's folder on disk.
`aiohttp` is N workers over one iterator, a prompt put together, `json.dumps` in, `json.loads` out, nothing kept.
Both ask one loopback server in a process of its own, in turns, so that a busy machine slows both alike.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import heapq
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from judgekit.adapters.clock import SystemClock
from judgekit.adapters.engines.litellm_engine import LitellmEngine, Route, import_litellm
from judgekit.adapters.engines.openai_compatible import Endpoint, OpenAICompatible
from judgekit.adapters.store.files import record_line
from judgekit.adapters.store.replies import ReplyStore
from judgekit.adapters.store.run import RunFolder
from judgekit.adapters.store.stream import SessionFile
from judgekit.cli.memory import seldom_swept
from judgekit.judging.ports import Engine
from judgekit.judging.runner.progress import Progress
from judgekit.judging.scaffold import new_judge
from judgekit.records.judge import Judge, Reading
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.run import RunManifest
from judgekit.records.session import Session, Turn
from judgekit.workflows.run import RunOptions, Surroundings, run_judge

SERVER = Path("../shared/tools/mock_openai.py")
CRITERION = Criterion(
    id="quality", question="How good is the help?", scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5)),
    anchors={"1": "None at all", "5": "All that was needed"}, direction="higher",
)  # fmt: skip
SAID = "My order is late, and nobody answers. Where is it?"
ANSWERED = "I am sorry to hear it; it left our hall on Monday and is to come tomorrow."


@dataclass(frozen=True)
class Load:
    """What is asked of a client: how many items, how many at once, how late the server answers."""

    n: int
    n_in_flight: int
    latency_ms: int = 0

    def __str__(self) -> str:
        return f"{self.latency_ms} ms x {self.n_in_flight}, n={self.n}"


@dataclass(frozen=True)
class Cost:
    """What it took: seconds by the clock and of CPU, and what the server counted."""

    wall_s: float
    cpu_s: float
    served: dict[str, Any]
    manifest: RunManifest | None = None


Client = Callable[[str, Load], Coroutine[Any, Any, RunManifest | None]]


def main() -> None:
    """Print the ratios against their bars."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["speed"], help="speed, litellm, faults, stream")
    parser.add_argument("--sessions", type=int, default=200_000, help="how many to stream")
    parser.add_argument("--items", type=int, default=4_000, help="how many to judge beside faults")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--server", type=Path, default=SERVER)
    how = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with served(how.server) as url:
        for part in how.parts:
            if part == "stream":
                stream(url, how.sessions)
            elif part == "faults":
                faults(url, how.rounds, how.items)
            else:
                {"speed": speed, "litellm": through_litellm}[part](url, how.rounds)


def speed(url: str, n_rounds: int) -> None:
    """Compare the thin client's whole run with bare aiohttp."""
    clients = {"aiohttp": bare_aiohttp, "judgekit": judgekit}
    instant = in_turns(clients, url, Load(10_000, 32), n_rounds)
    bar("CPU, x aiohttp", ratio(instant, cpu_ms), 2.0)
    typical = in_turns(clients, url, Load(1000, 64, 200), n_rounds)
    ideal_s = 1000 / 64 * 0.2
    bar("share of ideal", ideal_s / statistics.median(cost.wall_s for cost in typical["judgekit"]), 0.90, at_least=True)
    bar("share of aiohttp's rate", 1 / ratio(typical, lambda cost: cost.wall_s), 0.97, at_least=True)
    wide = in_turns(clients, url, Load(5000, 512, 200), n_rounds)
    bar("share of aiohttp's rate", 1 / ratio(wide, lambda cost: cost.wall_s), 0.80, at_least=True)
    growth = {name: median_cpu_ms(wide[name]) / median_cpu_ms(instant[name]) for name in clients}
    bar(f"CPU an item, 512 against 32 in flight (aiohttp itself {growth['aiohttp']:.2f})", growth["judgekit"], 1.6)


def through_litellm(url: str, n_rounds: int) -> None:
    """Compare a run through litellm with bare `acompletion`."""
    import_litellm()
    costs = in_turns({"acompletion": bare_litellm, "judgekit": judgekit_litellm}, url, Load(300, 32), n_rounds)
    bar("CPU, x acompletion", ratio(costs, cpu_ms), 1.15)


def faults(url: str, n_rounds: int, n: int) -> None:
    """Compare runs in which a tenth of all requests fails with ones in which none does.

    Beside it `ideal`: what the same faults cost a runner that takes no time of its own and asks nothing twice. A slow
    answer takes 20 latencies and nobody can know it beforehand, so that the last one outlasts the rest.
    """
    load = Load(n, 64, 200)
    clean_s = wall_s(in_turns({"judgekit": judgekit}, url, load, n_rounds)["judgekit"])
    quick = ["429", "500", "reset", "malformed", "truncated"]
    for kinds in (quick, [*quick, "slow"]):
        costs = in_turns({"judgekit": judgekit}, url, load, n_rounds, error_rate=0.1, errors=kinds)["judgekit"]
        for cost in costs:
            assert cost.manifest is not None
            said, manifest = cost.served, cost.manifest
            print(
                f"  {manifest.n_verdicts} verdicts and {manifest.n_failures} failures of {load.n}; the server answered "
                f"{said['ok']} well; {said['requests']} requests, {said['faults']}"
            )
        ideal = statistics.median(ideal_time(load, kinds, seed) for seed in range(9))
        bar(f"time, x a run without faults (ideal {ideal:.2f})", wall_s(costs) / clean_s, 1.5)


def ideal_time(load: Load, kinds: list[str], seed: int) -> float:
    """Return how much longer than without faults an ideal runner takes: whoever is free takes what is due."""
    rng = np.random.default_rng(seed)
    free = [0.0] * load.n_in_flight
    due: list[float] = []
    n_new, end = load.n, 0.0
    while n_new or due:
        at = heapq.heappop(free)
        if due and (due[0] <= at or not n_new):
            at = max(at, heapq.heappop(due))
        else:
            n_new -= 1
        kind = rng.choice(kinds) if rng.random() < 0.1 else None
        done = at + load.latency_ms / 1000 * (20 if kind == "slow" else 1)
        if kind not in (None, "slow"):
            heapq.heappush(due, done + (1.0 if kind == "429" else 0.0))
        heapq.heappush(free, done)
        end = max(end, done)
    return end / (math.ceil(load.n / load.n_in_flight) * load.latency_ms / 1000)


def wall_s(costs: list[Cost]) -> float:
    """Return the median time by the clock."""
    return statistics.median(cost.wall_s for cost in costs)


def stream(url: str, n: int) -> None:
    """Run a judge over a file of `n` sessions, and say how memory and speed change on the way."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "sessions.jsonl")
        with path.open("wb") as file:
            file.writelines(record_line(session(item)) for item in range(n))
        print(f"a file of {path.stat().st_size / 1e6:.0f} MB, RSS {rss_mb():.0f} MB")
        began_s = time.perf_counter()
        targets = SessionFile(path)
        print(f"checked in {time.perf_counter() - began_s:.0f} s, RSS {rss_mb():.0f} MB")
        asyncio.run(streamed(url, Path(name), targets))


async def streamed(url: str, home: Path, targets: SessionFile) -> None:
    """Run the judge; print a line each tenth of the way."""
    last = (0, time.perf_counter(), time.process_time())

    def told(progress: Progress) -> None:
        nonlocal last
        done, at_s, cpu_s = last
        if progress.done - done >= len(targets) // 10:
            now_s, used_s, n = time.perf_counter(), time.process_time(), progress.done - done
            rate, cost_ms = n / (now_s - at_s), (used_s - cpu_s) / n * 1000
            print(
                f"  {progress.done:9} {rate:6.0f} items/s, CPU {cost_ms:.3f} ms an item, RSS {rss_mb():.0f} MB",
                flush=True,
            )
            last = progress.done, now_s, used_s

    engine = OpenAICompatible(Endpoint(url, max_in_flight=32), SystemClock())
    with ReplyStore(home / "replies.sqlite") as store, RunFolder(home / "run") as sink:
        around = Surroundings(engine, store, sink, SystemClock(), np.random.default_rng(0))
        manifest = await run_judge(judge(url), targets, around=around, options=RunOptions(32, listener=told))
    await engine.close()
    print(f"{manifest.n_verdicts} verdicts; sorted and closed: RSS {rss_mb():.0f} MB, at most {peak_mb():.0f} MB")


def rss_mb() -> float:
    """Return the memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def peak_mb() -> float:
    """Return the most that it ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def in_turns(
    clients: Mapping[str, Client], url: str, load: Load, n_rounds: int, **settings: Any
) -> dict[str, list[Cost]]:
    """Return what each client took in each round, after one that warms them up."""
    small = Load(min(load.n, 200), load.n_in_flight, 0)
    costs: dict[str, list[Cost]] = {name: [] for name in clients}
    for client in clients.values():
        measured(client, url, small)
    for _ in range(n_rounds):
        for name, client in clients.items():
            costs[name].append(measured(client, url, load, **settings))
    print(load)
    for name, each in costs.items():
        walls = sorted(cost.wall_s for cost in each)
        open_connections = max(cost.served["max_open_connections"] for cost in each)
        print(
            f"  {name:12} CPU {statistics.median(map(cpu_ms, each)):.3f} ms an item "
            f"({min(map(cpu_ms, each)):.3f} to {max(map(cpu_ms, each)):.3f}), "
            f"{load.n / statistics.median(walls):.0f} items/s, at most {open_connections} connections"
        )
    return costs


def measured(client: Client, url: str, load: Load, **settings: Any) -> Cost:
    """Run one client once."""
    settings = {"latency_ms": load.latency_ms, "error_rate": 0, "retry_after": 1} | settings
    asked(url, "/reset", json.dumps(settings).encode())
    sessions(load.n)
    gc.collect()
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    manifest = asyncio.run(client(url, load))
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    return Cost(wall_s, cpu_s, json.loads(asked(url, "/stats")), manifest)


async def judgekit(url: str, load: Load) -> RunManifest:
    """Run a judge over composed sessions, with the store and the run's folder on disk."""
    return await run_on_disk(OpenAICompatible(Endpoint(url, max_in_flight=load.n_in_flight), SystemClock()), url, load)


async def judgekit_litellm(url: str, load: Load) -> RunManifest:
    """Run the same judge through litellm."""
    return await run_on_disk(LitellmEngine(Route(url, "none"), SystemClock()), url, load)


async def run_on_disk(engine: Engine, url: str, load: Load) -> RunManifest:
    """Run the judge with one engine, as the command does, in a folder that is gone afterwards."""
    folder = tempfile.TemporaryDirectory()
    with folder as name, ReplyStore(Path(name, "replies.sqlite")) as store, seldom_swept():
        with RunFolder(Path(name, "run")) as sink:
            around = Surroundings(engine, store, sink, SystemClock(), np.random.default_rng(0))
            options = RunOptions(load.n_in_flight)
            manifest = await run_judge(judge(url), sessions(load.n), around=around, options=options)
        await engine.close()
    return manifest


async def bare_aiohttp(url: str, load: Load) -> None:
    """Ask the same with nothing but aiohttp."""
    items = iter(range(load.n))
    connector = aiohttp.TCPConnector(limit=load.n_in_flight)
    async with aiohttp.ClientSession(connector=connector, headers={"Content-Type": "application/json"}) as http:

        async def work() -> None:
            for item in items:
                body = {"model": "mock", "messages": messages(item), "temperature": 0.0}
                async with http.post(f"{url}/chat/completions", data=json.dumps(body)) as response:
                    reply = json.loads(await response.read())["choices"][0]["message"]["content"]
                    json.loads(reply)["score"]

        await asyncio.gather(*(work() for _ in range(load.n_in_flight)))


async def bare_litellm(url: str, load: Load) -> None:
    """Ask the same with nothing but `litellm.acompletion`."""
    litellm = import_litellm()
    items = iter(range(load.n))

    async def work() -> None:
        for item in items:
            answer = await litellm.acompletion(
                model="openai/mock", messages=messages(item), temperature=0.0, api_base=url, api_key="none",
                num_retries=0, max_retries=0,
            )  # fmt: skip
            json.loads(answer.choices[0].message.content)["score"]

    await asyncio.gather(*(work() for _ in range(load.n_in_flight)))
    await litellm.close_litellm_async_clients()


def judge(url: str) -> Judge:
    """Return the judge that is run: the one that `judge new` writes, reading JSON from text."""
    reading = Reading(method="json", value_key="score", rationale_key="reasoning")
    made = new_judge(CRITERION, name="bench", model="openai/mock")
    return made.model_copy(update={"base_url": url, "reading": reading})


@cache
def sessions(n: int) -> list[Session]:
    """Return the sessions judged: made once, before anything is measured."""
    return [session(item) for item in range(n)]


def session(item: int) -> Session:
    """Return one session of four turns."""
    said = (SAID, ANSWERED, f"ITEM-{item} is what I ordered.", ANSWERED)
    turns = tuple(
        Turn(id=str(place), role=("user", "assistant")[place % 2], text=text) for place, text in enumerate(said)
    )
    return Session(id=f"s{item}", turns=turns)


def messages(item: int) -> list[dict[str, str]]:
    """Return a prompt of about the length of the judge's."""
    shown = "\n".join((SAID, ANSWERED, f"ITEM-{item} is what I ordered.", ANSWERED))
    system = "You judge conversations between a user and an assistant. " * 6
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": f"How good is the help?\n{shown}\n" + "Reply with one JSON object. " * 10},
    ]


def ratio(costs: dict[str, list[Cost]], of: Callable[[Cost], float]) -> float:
    """Return the median over rounds of the second client's figure by the first's."""
    bare, ours = costs.values()
    return statistics.median(of(one) / of(other) for one, other in zip(ours, bare, strict=True))


def median_cpu_ms(costs: list[Cost]) -> float:
    """Return the median CPU milliseconds a wanted item."""
    return statistics.median(map(cpu_ms, costs))


def cpu_ms(cost: Cost) -> float:
    """Return CPU milliseconds a wanted item."""
    n_wanted: int = cost.served["distinct_items"]
    return cost.cpu_s / n_wanted * 1000


def bar(what: str, value: float, limit: float, *, at_least: bool = False) -> None:
    """Print a figure against its bar."""
    is_met = value >= limit if at_least else value <= limit
    print(f"  {what}: {value:.3f} (bar: {'>=' if at_least else '<='} {limit:g}) {'met' if is_met else 'MISSED'}")


@contextmanager
def served(server: Path) -> Iterator[str]:
    """Start the server; give its address."""
    command = [sys.executable, str(server), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def asked(url: str, path: str, body: bytes | None = None) -> bytes:
    """Return what one of the server's own paths answers."""
    with urllib.request.urlopen(url.removesuffix("/v1") + path, data=body) as response:
        answer: bytes = response.read()
    return answer


if __name__ == "__main__":
    main()
