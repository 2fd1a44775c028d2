"""`make oracles`: judgekit's figures beside the reference packages', on random ratings with missing cells and versions.

Prints the largest difference of each question over all cases, and fails when one is above its tolerance.
JUDGEKIT_UPDATE_GOLDEN=1 writes cases and answers to the frozen files, which the default suite tests.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.oracles.cases import Case, drawn_cases, ours
from tests.oracles.versions import QUESTIONS, our_answer, version_cases

ROOT = Path(__file__).resolve().parents[2]
FROZEN = ROOT / "tests" / "stats" / "oracles.json"
FROZEN_VERSIONS = ROOT / "tests" / "workflows" / "version_oracles.json"


@dataclass(frozen=True)
class Suite:
    """Cases that some packages are asked about.

    Attributes:
        drawn: Seed -> cases.
        sides: Script -> the environment that it runs in.
        frozen: Where the answers are kept.
    """

    drawn: Callable[[int], list[Case]]
    sides: Mapping[str, str]
    frozen: Path


SUITES = (
    Suite(drawn_cases, {"packages.py": "oracles", "irrcac.py": "oracles-irrcac"}, FROZEN),
    Suite(version_cases, {"evaluation.py": "oracles-evaluation"}, FROZEN_VERSIONS),
)
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false", "TQDM_DISABLE": "1"}
"""mlflow sends nothing, and has written its traces before feedback on them comes."""
ASIDE = ("judgy", "judgy_counts")
"""Kept beside ours, not held against it: another interval of the same problems."""
SEED = 2026
CLOSE = 1e-8
LOOSE = {"dawid_skene": 1e-6, "interval": 0.005 + CLOSE, "bca": 0.15}
"""By a question's first word: an iteration's end; pingouin's intervals come rounded to two places; of two bootstraps
of 10,000 the ends, in standard errors."""


def main() -> int:
    """Ask, compare, print; return 1 when something differs."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    return max(_held(suite, seed) for suite in SUITES)


def _held(suite: Suite, seed: int) -> int:
    cases = suite.drawn(seed)
    places = {script: ROOT / ".judgekit" / name for script, name in suite.sides.items()}
    found = [_asked(script, environment, cases) for script, environment in places.items()]
    versions = {name: each for side in found for name, each in side["versions"].items()}
    answers = {case["id"]: {q: a for side in found for q, a in side["answers"][case["id"]].items()} for case in cases}
    print(f"seed {seed}; " + ", ".join(f"{name} {number}" for name, number in versions.items() if number))
    n_wrong = _compared(cases, answers)
    if os.environ.get("JUDGEKIT_UPDATE_GOLDEN") and not n_wrong:
        frozen = {"seed": seed, "versions": versions, "cases": cases, "answers": answers}
        suite.frozen.write_text(_text(frozen), encoding="utf-8")
        print(f"wrote {suite.frozen.relative_to(ROOT)}")
    return 1 if n_wrong else 0


def difference(case: Case, question: str, theirs: list[float]) -> float:
    """Return the largest difference between our figures and theirs; infinite where only one side has any."""
    own = our_answer(case, question) if question in QUESTIONS else ours(case, question)
    if len(own) != len(theirs):
        return math.inf
    return max((_apart(a, b) for a, b in zip(own, theirs, strict=True)), default=0.0)


def tolerance(question: str) -> float:
    """Return how far apart two right answers may be."""
    return LOOSE.get(question.split(maxsplit=1)[0], CLOSE)


def _apart(own: float | None, theirs: float | None) -> float:
    lacks = [each is None or math.isnan(each) for each in (own, theirs)]
    if any(lacks):
        return 0.0 if all(lacks) else math.inf
    assert own is not None
    assert theirs is not None
    return abs(own - theirs)


def _asked(script: str, environment: Path, cases: list[Case]) -> dict[str, Any]:
    done = subprocess.run(
        [str(environment / "bin" / "python"), str(Path(__file__).with_name(script))],
        env={**os.environ, **QUIET},
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _compared(cases: list[Case], answers: dict[str, dict[str, list[float]]]) -> int:
    worst: dict[str, tuple[float, str, int]] = {}
    for case in cases:
        for question, theirs in answers[case["id"]].items():
            if question in ASIDE:
                continue
            apart, where, n = worst.get(question, (-1.0, "", 0))
            now = difference(case, question, theirs)
            worst[question] = (now, case["id"], n + 1) if now > apart else (apart, where, n + 1)
    n_wrong = 0
    for question, (apart, where, n) in worst.items():
        is_wrong = not apart <= tolerance(question)
        n_wrong += is_wrong
        print(f"{question:36}{n:4} cases{apart:12.1e}" + (f"  DIFFERS on {where!r}" if is_wrong else ""))
    print(f"{len(worst)} questions, {sum(n for *_, n in worst.values())} comparisons, {n_wrong} differ")
    return n_wrong


def _text(frozen: dict[str, Any]) -> str:
    """Return JSON with one case and one set of answers a line."""
    lines = [f'"seed": {frozen["seed"]}', f'"versions": {json.dumps(frozen["versions"])}']
    cases = ",\n".join(json.dumps(case) for case in frozen["cases"])
    answers = ",\n".join(f"{json.dumps(name)}: {json.dumps(each)}" for name, each in frozen["answers"].items())
    return "{\n" + ",\n".join(lines) + f',\n"cases": [\n{cases}\n],\n"answers": {{\n{answers}\n}}\n}}\n'


if __name__ == "__main__":
    sys.exit(main())
