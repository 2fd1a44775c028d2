"""Real judges' replies through the whole of it: the authors' own figures must come out."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from judgekit.adapters.clock import SystemClock
from judgekit.adapters.engines.openai_compatible import Endpoint, OpenAICompatible
from judgekit.adapters.store.replies import ReplyStore
from judgekit.adapters.store.run import RunFolder
from judgekit.errors import InputError, UnknownName
from judgekit.judging.prompt import PairTarget
from judgekit.judging.runner.sink import MemorySink
from judgekit.judging.runner.store import MemoryStore
from judgekit.records.judge import Judge
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.run import Run
from judgekit.records.session import Pair, Session, Turn
from judgekit.records.verdict import Verdict
from judgekit.testing import ScriptedEngine, StillClock
from judgekit.workflows.run import Surroundings, keep_outcomes, run_judge, targets_of

BETTER = Criterion(
    id="better", question="Which output is better?", scale=Scale(type="preference", levels=("first", "second"))
)
AS_JINJA = {"{input}": "{{ input_text }}", "{output_1}": "{{ first_text }}", "{output_2}": "{{ second_text }}"}


@dataclass(frozen=True)
class LLMBar:
    """The `natural` subset: pairs as targets, and which side is better."""

    data: Path
    targets: list[PairTarget]
    better: dict[str, str]


@pytest.fixture(scope="module")
def bench(shared: Path) -> LLMBar:
    """Read the subset as pairs of one-answer sessions."""
    data = shared / "data"
    with gzip.open(data / "llmbar/natural/dataset.json.gz", "rt", encoding="utf-8") as file:
        rows = json.load(file)
    targets: list[PairTarget] = []
    better: dict[str, str] = {}
    for place, row in enumerate(rows):
        first, second = (
            Session(
                id=f"{place}-{side}",
                input=str(place),
                turns=(Turn(id="1", role="user", text=row["input"]), Turn(id="2", role="assistant", text=row[side])),
            )
            for side in ("output_1", "output_2")
        )
        pair = Pair(id=str(place), first=first.id, second=second.id, input=str(place))
        targets.append(PairTarget(pair, first, second))
        better[pair.id] = {1: "first", 2: "second"}[row["label"]]
    return LLMBar(data, targets, better)


def llmbar_judge(data: Path, name: str, base_url: str) -> Judge:
    """Write one of the authors' judges: their template, their regular expressions."""
    config = json.loads((data / "llmbar/config" / f"{name}.json").read_text())[0]
    template = (data / "llmbar/prompts" / config["prompt"]).read_text()
    system, user = (
        part.split("\n", 1)[1].split("<|im_end|>")[0].strip() for part in template.split("<|im_start|>")[1:3]
    )
    for old, new in AS_JINJA.items():
        user = user.replace(old, new)
    one, two = config["parsing"]["1"], config["parsing"]["2"]
    patterns = [{"match": one, "value": "first"}, {"match": two, "value": "second"}]
    reading = {"method": "regex", "patterns": patterns, "wins": "first_pattern", "retries": 0}
    return Judge.model_validate(
        {
            "name": name, "criterion": BETTER, "target": "pair", "model": f"openai/llmbar/natural/{name}",
            "base_url": base_url, "system": system, "user": user, "parameters": {"temperature": 0.0, "max_tokens": 300},
            "reading": reading,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def replay_server(shared: Path) -> Iterator[str]:
    """Start the server that answers with the completions real models once gave; give its address."""
    command = [sys.executable, str(shared / "tools/replay_llm.py"), "--port", "0", "--data", str(shared / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        yield address
        process.terminate()


def over_http(judge: Judge, targets: list[Any], folder: Path) -> Run:
    """Run a judge with the thin client, a store on disk and a run folder."""

    async def made() -> Run:
        engine = OpenAICompatible(Endpoint(judge.base_url or ""), SystemClock())
        with ReplyStore(folder / "replies.sqlite") as store, RunFolder(folder / "run") as sink:
            around = Surroundings(engine, store, sink, SystemClock(), np.random.default_rng(0))
            await run_judge(judge, targets, around=around)
        await engine.close()
        return RunFolder(folder / "run").load()

    return asyncio.run(made())


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "accuracy", "agreement"),
    [
        ("GPT-4__Vanilla", 95.5, 95.0),
        ("GPT-4__CoT", 94.5, 91.0),
        ("ChatGPT__CoT", 74.0, 64.0),
        ("Falcon__CoT", 57.0, 14.0),
    ],
)
def test_llmbar_judges_reach_the_authors_figures(
    bench: LLMBar, replay_server: str, tmp_path: Path, *, name: str, accuracy: float, agreement: float
) -> None:
    """Both orders, unparsed wrong: Zeng et al. 2024, `statistics.json` beside the stored completions."""
    run = over_http(llmbar_judge(bench.data, name, replay_server), bench.targets, tmp_path)
    assert len(run.outcomes) == 200
    said = {(o.pair, o.order): o.value if isinstance(o, Verdict) else None for o in run.outcomes}
    correct = sum(value == bench.better[str(pair)] for (pair, _), value in said.items())
    equal = sum(said[pair, "forward"] == said[pair, "swapped"] for pair in bench.better)
    assert correct / 200 * 100 == pytest.approx(accuracy)
    assert equal == pytest.approx(agreement)
    assert all(failure.status == "unparsed" and failure.reply for failure in run.failures)
    stored = [row["results"][-1] for row in stored_rows(bench.data, name)]
    n_null = sum(result[f"swap = {swap}"]["winner"] is None for result in stored for swap in (False, True))
    assert len(run.failures) == n_null
    assert RunFolder(tmp_path / "run").load().outcomes == run.outcomes


def stored_rows(data: Path, name: str) -> list[dict[str, Any]]:
    """Read the authors' own results."""
    with gzip.open(data / f"llmbar/natural/{name}.result.json.gz", "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows


@pytest.mark.shared
def test_a_prompt_that_is_not_stored_fails_alone(bench: LLMBar, replay_server: str, tmp_path: Path) -> None:
    """A 404 about one item is that item's failure; the rest of the run goes on."""
    strange = PairTarget(
        Pair(id="strange", first="x", second="y"),
        Session(
            id="x", turns=(Turn(id="1", role="user", text="never asked"), Turn(id="2", role="assistant", text="a"))
        ),
        Session(
            id="y", turns=(Turn(id="1", role="user", text="never asked"), Turn(id="2", role="assistant", text="b"))
        ),
    )
    judge = llmbar_judge(bench.data, "GPT-4__CoT", replay_server)
    run = over_http(judge, [*bench.targets[:3], strange], tmp_path)
    assert len(run.verdicts) == 6
    assert [(f.pair, f.status) for f in run.failures] == [("strange", "engine_error")] * 2
    assert "holds no stored item" in run.failures[0].detail


def scripted(judge: Judge, targets: list[Any], reply: str) -> tuple[Run, ScriptedEngine]:
    """Run a judge whose model always says the same."""
    engine = ScriptedEngine(lambda _: reply)
    sink = MemorySink()
    around = Surroundings(engine, MemoryStore(), sink, StillClock(), np.random.default_rng(0))
    manifest = asyncio.run(run_judge(judge, targets, around=around))
    return sink.run(manifest, judge.lineage), engine


def chat(name: str, *texts: str) -> Session:
    """Write a session of alternating turns."""
    roles = ("user", "assistant")
    turns = (Turn(id=str(n), role=roles[n % 2], text=text) for n, text in enumerate(texts))
    return Session(id=name, turns=tuple(turns))


def test_a_judge_that_always_takes_the_first_slot_contradicts_itself() -> None:
    """What was shown first is un-swapped: both orders of one pair then name different sides."""
    judge = Judge(name="j", criterion=BETTER, target="pair", model="openai/m", user="{{ first }} {{ second }}")
    target = PairTarget(Pair(id="p", first="a", second="b"), chat("a", "hi", "x"), chat("b", "hi", "y"))
    run, engine = scripted(judge, [target], '{"reasoning": "", "value": "first"}')
    assert [(v.order, v.value) for v in run.verdicts] == [("forward", "first"), ("swapped", "second")]
    assert len(engine.requests) == 2
    assert {v.seen for v in run.verdicts} == {run.verdicts[0].seen}


def test_one_order_is_asked_where_the_judge_says_so() -> None:
    """orders = "forward" halves the requests."""
    judge = Judge(
        name="j", criterion=BETTER, target="pair", orders="forward", model="openai/m", user="{{ first }} {{ second }}"
    )
    target = PairTarget(Pair(id="p", first="a", second="b"), chat("a", "hi", "x"), chat("b", "hi", "y"))
    run, _ = scripted(judge, [target], '{"reasoning": "", "value": "second"}')
    assert [v.order for v in run.verdicts] == ["forward"]


def test_a_judge_of_turns_is_asked_about_every_turn_of_the_assistant() -> None:
    """Each verdict names its turn."""
    criterion = Criterion(id="c", question="?", scale=Scale(type="binary", levels=("fail", "pass")))
    judge = Judge(name="j", criterion=criterion, target="turn", model="openai/m", user="{{ session }} {{ turn }}")
    run, _ = scripted(judge, [chat("s", "a", "b", "c", "d"), chat("t", "a")], '{"reasoning": "", "value": "pass"}')
    assert [(v.session, v.turn) for v in run.verdicts] == [("s", "1"), ("s", "3")]
    assert run.manifest.n_expected == 2


def test_targets_are_the_sessions_or_the_pairs_with_theirs() -> None:
    """A pair whose session is missing is named; a judge without anything to judge is told."""
    pairs_judge = Judge(name="j", criterion=BETTER, target="pair", model="openai/m", user="x")
    sessions = [chat("a", "x"), chat("b", "y")]
    found = targets_of(pairs_judge, sessions, [Pair(id="p", first="a", second="b")])
    assert [target.pair.id for target in found if isinstance(target, PairTarget)] == ["p"]
    with pytest.raises(UnknownName, match="pair q"):
        targets_of(pairs_judge, sessions, [Pair(id="q", first="a", second="c")])
    with pytest.raises(InputError, match="no pairs"):
        targets_of(pairs_judge, sessions)


def test_the_manifest_knows_the_content_judged_whatever_its_order() -> None:
    """The fingerprint of the sessions moves with their content and not with their order."""
    criterion = Criterion(id="c", question="?", scale=Scale(type="binary", levels=("fail", "pass")))
    judge = Judge(name="j", criterion=criterion, model="openai/m", user="{{ session }}")
    reply = '{"reasoning": "", "value": "pass"}'
    one, other = chat("s", "a"), chat("t", "b")
    prints = [
        scripted(judge, targets, reply)[0].manifest.sessions
        for targets in ([one, other], [other, one], [one, chat("t", "changed")])
    ]
    assert prints[0] == prints[1] != prints[2]


def test_outcomes_made_without_requests_become_a_run() -> None:
    """A student's verdicts are recorded under its own kind, at no cost."""
    criterion = Criterion(id="c", question="?", scale=Scale(type="binary", levels=("fail", "pass")))
    judge = Judge(name="j", kind="student", criterion=criterion)
    sink = MemorySink()
    verdict = Verdict(session="s", criterion="c", value="pass")
    manifest = keep_outcomes(judge, [chat("s", "a")], [verdict], sink=sink, clock=StillClock())
    assert sink.outcomes == (verdict,)
    assert (manifest.engine, manifest.n_requests, manifest.cost_usd) == ("student", 0, 0.0)
    assert sink.manifest == manifest
    assert manifest.latency is None
