"""A run over a file of many sessions holds none of them: memory is the same at its end as at its start."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from judgekit.adapters.clock import SystemClock
from judgekit.adapters.store.replies import ReplyStore
from judgekit.adapters.store.run import RunFolder
from judgekit.adapters.store.stream import SessionFile
from judgekit.judging.ports import Reply, Request
from judgekit.judging.runner.progress import Progress
from judgekit.judging.scaffold import new_judge
from judgekit.records.rubric import Criterion, Scale
from judgekit.workflows.run import RunOptions, Surroundings, run_judge

N = 20_000
QUALITY = Criterion(id="quality", question="How good?", scale=Scale(type="ordinal", levels=(1, 2, 3)))


class Instant:
    """An engine that answers in the next turn of the event loop and remembers nothing."""

    name = "instant"

    async def complete(self, request: Request) -> Reply:
        """Answer."""
        await asyncio.sleep(0)
        return Reply('{"reasoning": "So.", "value": 2}', request.model, prompt_tokens=9, completion_tokens=9)

    async def close(self) -> None:
        """Hold nothing to let go of."""


@pytest.mark.slow
def test_memory_is_flat_over_a_run_of_many_sessions(tmp_path: Path) -> None:
    """Between the first tenth and the end less than 20 bytes a session are added, sorting apart."""
    path = tmp_path / "sessions.jsonl"
    with path.open("w") as file:
        for n in range(N):
            file.write(json.dumps({"id": f"s{n}", "turns": [{"id": "1", "role": "user", "text": f"{n} " * 50}]}) + "\n")
    held: list[tuple[int, int]] = []

    def told(progress: Progress) -> None:
        held.append((progress.done, tracemalloc.get_traced_memory()[0]))

    async def judged() -> int:
        with ReplyStore(tmp_path / "replies.sqlite") as store, RunFolder(tmp_path / "run") as sink:
            around = Surroundings(Instant(), store, sink, SystemClock(), np.random.default_rng(0))
            judge = new_judge(QUALITY, name="j", model="openai/m")
            options = RunOptions(32, listener=told)
            manifest = await run_judge(judge, SessionFile(path), around=around, options=options)
        return manifest.n_verdicts

    tracemalloc.start()
    try:
        assert asyncio.run(judged()) == N
    finally:
        tracemalloc.stop()
    early = max(n_bytes for done, n_bytes in held if done <= N // 5)
    late = max(n_bytes for done, n_bytes in held if done > N // 5)
    assert late - early < 20 * N
