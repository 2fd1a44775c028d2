"""A composed dataset with a locked test split, a judge of known error, and the steps of a certification."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.records.certificate import Certificate, PassRule
from judgekit.records.dataset import Dataset, DatasetCard, SplitManifest
from judgekit.records.label import Label, Opening, SplitName
from judgekit.records.rubric import Criterion
from judgekit.workflows.certify import certify
from judgekit.workflows.opening import exam, heads_of, opening_of
from judgekit.workflows.score import Scoring
from tests.analysis.composed_data import PASSED, RUBRIC, label, measuring, session, verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULE = PassRule(min_youden_j=0.5, min_kappa=0.5, max_ceiling_gap=0.2, max_bias=0.1)
JUDGE = Scoring(judge="judy", engine="replay", model="m", judge_fingerprint="sha256:judy")
N_TEST = 160
N_OPEN = 40


def truth_of(n: int, seed: int = 5) -> list[bool]:
    return [bool(each) for each in np.random.default_rng(seed).random(n) < 0.6]


def spoken(is_pass: bool) -> str:
    return "pass" if is_pass else "fail"


def labelled(n: int, *, criterion: Criterion = PASSED, seed: int = 5, start: int = 0) -> list[Label]:
    """Two experts who differ on one session in fifteen."""
    truth = truth_of(n, seed)
    return [
        label(f"s{start + i:03}", criterion, name, spoken(truth[i] ^ (name == "ben" and i % 15 == 7)))
        for i in range(n)
        for name in ("ana", "ben")
    ]


def said(n: int, *, every: int = 20, seed: int = 5, start: int = 0, **fields: object) -> list[Any]:
    """A judge who is wrong on every so-manieth session."""
    truth = truth_of(n, seed)
    return [verdict(f"s{start + i:03}", PASSED, spoken(truth[i] ^ (i % every == 3)), **fields) for i in range(n)]


def manifest(names: Iterable[str], n_open: int = N_OPEN) -> SplitManifest:
    """The first sessions are train and dev, the others test."""
    held = list(names)
    splits: dict[str, SplitName] = {
        f"session:{name}": "test" if i >= n_open else ("train" if i % 2 else "dev") for i, name in enumerate(held)
    }
    return SplitManifest(seed=1, fractions={"train": 0.1, "dev": 0.1, "test": 0.8}, units=splits)


def composed(path: Path, n: int = N_OPEN + N_TEST, *, rule: PassRule | None = RULE, **how: Any) -> DatasetFolder:
    """Write the dataset's folder."""
    folder = DatasetFolder(path)
    folder.create(DatasetCard(name=path.name, certify={"passed": rule} if rule else {}), RUBRIC)
    names = [f"s{i:03}" for i in range(n)]
    folder.write_sessions(map(session, names))
    folder.write_splits(manifest(names))
    folder.append(labelled(n, **how), writer="experts", now=NOW)
    return folder


def opened(
    folder: DatasetFolder,
    outcomes: Sequence[Any],
    *,
    scoring: Scoring = JUDGE,
    name: str = "o-1",
    units: Any = None,
    data: Dataset | None = None,
    criterion: str = "passed",
    now: datetime = NOW,
) -> Certificate:
    """Do what the command does: refuse or open, write the opening, then certify."""
    data = data or folder.load()
    rule = data.card.certify[criterion]
    one = exam(data, criterion, rule=rule, judged=(outcomes, scoring), measuring=measuring(), units=units)
    opening = opening_of(one, scoring, name=name, by="lead", now=now)
    folder.ledger.append([opening], now=now, writer="lead")
    return certify(
        folder.load(),
        outcomes,
        scoring,
        measuring(),
        rule=rule,
        criterion=criterion,
        opening=opening,
        n_openings=one.opening,
        heads=heads_of(folder.ledger.entries().entries),
        now=now,
    )


def certified(
    data: Dataset,
    outcomes: Sequence[Any],
    *,
    rule: PassRule = RULE,
    criterion: str = "passed",
    scoring: Scoring = JUDGE,
    opening: Opening | None = None,
    n_openings: int = 1,
) -> Certificate:
    """Certify on the whole test split, as after an opening that names nothing."""
    return certify(
        data,
        outcomes,
        scoring,
        measuring(),
        rule=rule,
        criterion=criterion,
        opening=opening or Opening(id="o", split="test", purpose="look"),
        n_openings=n_openings,
        heads={},
        now=NOW,
    )
