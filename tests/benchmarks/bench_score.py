"""How long `judgekit score` takes beside reading the same lines; run with `python`, not collected by pytest.

100,000 verdicts on each of three criteria; three experts have scored 2,000 of the sessions. The bar is 3 x (json.loads
over the lines of verdicts, sessions and labels, plus importing the modules that `score` loads). Every part is a process
of its own and measured in CPU time, so that a busy machine slows all alike; a figure is the median of five rounds.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
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
N_ROUNDS = 5
SCORE = ("-m", "judgekit", "score", "v.jsonl", "d", "-q", "-o", "score.json")

LOADED = """
import atexit, json, pathlib, sys
atexit.register(lambda: pathlib.Path("modules.json").write_text(json.dumps(sorted(sys.modules))))
from judgekit.cli.main import main
sys.argv = ["judgekit", *sys.argv[1:]]
main()
"""
IMPORTS = """
import contextlib, importlib, json, pathlib
for name in json.loads(pathlib.Path("modules.json").read_text()):
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
"""
READING = """
import json, sys
for path in sys.argv[1:]:
    rows = [json.loads(line) for line in open(path, "rb").read().split(b"\\n") if line]
"""


def main() -> None:
    """Print each part's CPU seconds and the ratio against its bar, for lines as a run writes them and the shortest."""
    for title, line in (("lines of a run", verdict), ("shortest lines", shortest)):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            composed(home, line)
            seconds = measured(home)
        bar = seconds["json.loads"] + seconds["imports"]
        print(f"{title}: " + ", ".join(f"{name} {taken:.2f} s" for name, taken in seconds.items()) + " (CPU)")
        print(f"{title}: score / (json.loads + imports): {seconds['score'] / bar:.2f} (bar: {BAR:g})")


def measured(home: Path) -> dict[str, float]:
    """Return the median CPU seconds of each part, over rounds that take turns."""
    data = home / "datasets" / "d"
    files = [home / "v.jsonl", data / "sessions.jsonl", *sorted((data / "ledger").glob("*.jsonl"))]
    cpu_s(["-c", LOADED, *SCORE[2:]], home)  # notes which modules it loads
    parts = {
        "bare": ["-c", "pass"],
        "imports": ["-c", IMPORTS],
        "json.loads": ["-c", READING, *map(str, files)],
        "score": [*SCORE],
    }
    times = [{name: cpu_s(arguments, home) for name, arguments in parts.items()} for _ in range(N_ROUNDS)]
    seconds = {name: statistics.median(each[name] for each in times) for name in parts}
    seconds["json.loads"] -= seconds.pop("bare")
    return seconds


def composed(home: Path, line: Callable[[int, Criterion, object], dict[str, object]]) -> None:
    """Write a dataset and a judge that is right seven times in ten; beside the shortest lines stand short sessions."""
    n_turns = N_TURNS if line is verdict else 1
    draw = random.Random(1)
    folder = DatasetFolder(home / "datasets" / "d")
    folder.create(DatasetCard(name="d"), Rubric(name="r", criteria=CRITERIA))
    write_jsonl(folder.path / "sessions.jsonl", (session(i, n_turns) for i in range(N_SESSIONS)))
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
    write_jsonl(home / "v.jsonl", (line(i, c, near(i, c, 0.7)) for i in range(N_SESSIONS) for c in CRITERIA))


def session(place: int, n_turns: int) -> dict[str, object]:
    """Return one session; of eight turns it is about as long as the example's."""
    said = ("My order is late, and nobody answers. ", "I am sorry to hear it; let me look at where it is. ")
    turns = [
        {"id": str(i + 1), "role": ("user", "assistant")[i % 2], "text": said[i % 2] * (1 + (place + i) % 7)}
        for i in range(n_turns)
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


def shortest(place: int, criterion: Criterion, value: object) -> dict[str, object]:
    """Return one line with what a verdict needs and nothing else."""
    return {"session": f"s{place}", "criterion": criterion.id, "value": value}


def cpu_s(arguments: Sequence[str], home: Path) -> float:
    """Return the CPU seconds of a process."""
    before = os.times()
    subprocess.run([sys.executable, *arguments], cwd=home, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    main()
