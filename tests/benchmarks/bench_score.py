"""How long `judgekit score` takes beside reading the same lines; run with `python`, not collected by pytest.

100,000 verdicts on each of three criteria. Every part is a process of its own and measured in CPU time, so that a busy
machine slows all alike: the bar is 3 x (json.loads over the lines of verdicts, sessions and labels, plus the imports).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.files import write_jsonl
from judgekit.records.dataset import DatasetCard
from judgekit.records.label import Label
from judgekit.records.rubric import Criterion, Rubric, Scale

N_SESSIONS = 100_000
N_LABELLED = 2_000
N_TURNS = 8
RATERS = ("ana", "ben", "chloe")
CRITERIA = (
    Criterion(id="passed", question="Passed?", scale=Scale(type="binary", levels=("fail", "pass"))),
    Criterion(id="quality", question="How good?", scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5))),
    Criterion(id="tone", question="How kind?", scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5))),
)
BAR = 3.0

IMPORTS = """
import json, typer, numpy, pydantic, scipy.special, scipy.sparse, tomllib
import judgekit.cli.main, judgekit.cli.app, judgekit.workflows.score, judgekit.adapters.store.dataset
import judgekit.adapters.store.run, judgekit.render.text
"""
READING = """
import json, sys
for path in sys.argv[1:]:
    rows = [json.loads(line) for line in open(path, "rb").read().split(b"\\n") if line]
"""


def main() -> None:
    """Print each part's CPU seconds, and the ratio against its bar."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        composed(home)
        data = home / "datasets" / "d"
        files = [home / "v.jsonl", data / "sessions.jsonl", *sorted((data / "ledger").glob("*.jsonl"))]
        bare = cpu_s(["-c", "pass"], home)
        imports = cpu_s(["-c", IMPORTS], home)
        reading = cpu_s(["-c", READING, *map(str, files)], home) - bare
        scoring = cpu_s(["-m", "judgekit", "score", "v.jsonl", "d", "-q", "-o", "score.json"], home, n_times=2)
    print(f"imports {imports:.2f} s, json.loads {reading:.2f} s, score {scoring:.2f} s (CPU)")
    print(f"score / (json.loads + imports): {scoring / (reading + imports):.2f} (bar: {BAR:g})")


def composed(home: Path) -> None:
    """Write a dataset and a judge that is right seven times in ten."""
    draw = random.Random(1)
    folder = DatasetFolder(home / "datasets" / "d")
    folder.create(DatasetCard(name="d"), Rubric(name="r", criteria=CRITERIA))
    write_jsonl(folder.path / "sessions.jsonl", map(session, range(N_SESSIONS)))
    truth = {(i, c.id): draw.choice(c.scale.levels) for i in range(N_SESSIONS) for c in CRITERIA}

    def near(place: int, criterion: Criterion, share: float) -> object:
        right = truth[place, criterion.id]
        return right if draw.random() < share else draw.choice(criterion.scale.levels)

    labels = [
        Label.model_validate(
            {
                "id": f"l{i}-{c.id}-{rater}",
                "session": f"s{i}",
                "criterion": c.id,
                "rater": rater,
                "value": near(i, c, 0.8),
                "rationale": "Because it says so.",
            }
        )
        for i in range(N_LABELLED)
        for c in CRITERIA
        for rater in RATERS
    ]
    folder.append(labels, now=datetime(2026, 1, 1, tzinfo=UTC), writer="bench")
    write_jsonl(home / "v.jsonl", (verdict(i, c, near(i, c, 0.7)) for i in range(N_SESSIONS) for c in CRITERIA))


def session(place: int) -> dict[str, object]:
    """Return one session of eight turns, about as long as the example's."""
    said = ("My order is late, and nobody answers. ", "I am sorry to hear it; let me look at where it is. ")
    turns = [
        {"id": str(i + 1), "role": ("user", "assistant")[i % 2], "text": said[i % 2] * (1 + (place + i) % 7)}
        for i in range(N_TURNS)
    ]
    return {"id": f"s{place}", "turns": turns}


def verdict(place: int, criterion: Criterion, value: object) -> dict[str, object]:
    """Return one line as a run writes it."""
    return {
        "metadata": {}, "id": f"v-{place}-{criterion.id}", "session": f"s{place}", "criterion": criterion.id,
        "judge": "j", "judge_fingerprint": "sha256:" + "a" * 64, "sample": 0, "call": f"c-{place}",
        "seen": "sha256:" + "b" * 64, "elided": 0, "rubric": "sha256:" + "c" * 64, "at": "2026-01-01T00:00:00Z",
        "value": value, "rationale": "The assistant located the parcel and said when it would come. " * 3,
        "status": "ok", "members": [],
    }  # fmt: skip


def cpu_s(arguments: list[str], home: Path, *, n_times: int = 3) -> float:
    """Return the least CPU seconds of several processes."""
    times = []
    for _ in range(n_times):
        before = os.times()
        subprocess.run([sys.executable, *arguments], cwd=home, check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        times.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(times)


if __name__ == "__main__":
    main()
