"""Two versions, and judges with some labels, to hold judgekit beside mlflow, ppi-python and judgy; our side of it.

mlflow's Wilcoxon test drops zeros, and its exact form takes ranks without ties; its McNemar test turns to chi-square
at 25 discordant pairs; its BCa interval has the normal's tails, and is for passes too. There judgekit does otherwise
(Pratt's zeros, exact with ties, exact always, Student's tails, Tango), so that the two are held against each other
where they mean the same, and mlflow's other figures against its own definition.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.comparison import version_side
from judgekit.records.comparison_report import ComparisonReport
from judgekit.records.dataset import Dataset, DatasetCard
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Session, Turn
from judgekit.records.verdict import Verdict
from judgekit.stats.estimate import Estimate
from judgekit.stats.interval import acceleration, bootstrap_interval
from judgekit.workflows.compare import compare
from judgekit.workflows.score import Scoring

Case = dict[str, Any]
QUESTIONS = (
    "paired_mean", "mcnemar_exact", "mcnemar_chi2", "wilcoxon_exact", "wilcoxon_asymptotic", "bca",
    "ppi_python", "judgy_counts", "judgy",
)  # fmt: skip
"""What this file has an answer to."""
JUDGY = ("good_judge", "mediocre_judge", "biased_judge", "poor_judge")
"""Judgy's example problems: 50 passes and 50 fails labelled, 500 sessions without labels."""
TRUE_RATE = {"good_judge": 0.8, "mediocre_judge": 0.6, "biased_judge": 0.7, "poor_judge": 0.5}
"""What judgy drew them from."""


def version_cases(seed: int) -> list[Case]:
    """Return passes, grades and numbers of two versions, judges with labels, and judgy's examples by name."""
    rng = np.random.default_rng(seed)
    return [
        _passes(rng, "few passes", 12, 0.2),
        _passes(rng, "passes", 60, 0.2),
        _passes(rng, "many discordant passes", 70, 0.6),
        _numbers(rng, "numbers", 40),
        _numbers(rng, "few numbers", 12),
        _numbers(rng, "many numbers", 70),
        _grades(rng, "grades with zeros and ties", 40),
        _labelled(rng, "normal numbers", 60, 300),
        _labelled(rng, "passes, high share", 50, 200, cut=-1.3),
        _labelled(rng, "judge of no use", 40, 200, rho=-0.2),
        *({"id": f"judgy {name}", "judgy": name} for name in JUDGY),
    ]


def _passes(rng: np.random.Generator, name: str, n: int, discordant: float) -> Case:
    baseline = rng.random(n) < 0.6
    candidate = np.where(rng.random(n) < discordant, ~baseline, baseline)
    return _case(name, "binary", baseline, candidate)


def _numbers(rng: np.random.Generator, name: str, n: int) -> Case:
    """Differences of distinct sizes, none of them zero: ranks without ties."""
    baseline = rng.normal(50, 10, n).round(3)
    return _case(name, "numeric", baseline, (baseline + rng.exponential(4, n) - 3).round(3))


def _grades(rng: np.random.Generator, name: str, n: int) -> Case:
    baseline = rng.integers(1, 6, n)
    return _case(name, "ordinal", baseline, np.clip(baseline + rng.choice([-1, 0, 1, 2], n), 1, 5))


def _case(name: str, scale: str, baseline: np.ndarray, candidate: np.ndarray) -> Case:
    told = (baseline * 1, candidate * 1)
    return {"id": name, "scale": scale, "baseline": told[0].tolist(), "candidate": told[1].tolist()}


def _labelled(
    rng: np.random.Generator, name: str, n: int, n_others: int, *, rho: float = 0.7, cut: float | None = None
) -> Case:
    truth, noise = rng.normal(size=(2, n + n_others))
    judge = rho * truth + np.sqrt(1 - rho**2) * noise
    if cut is not None:
        truth, judge = (truth > cut) * 1.0, (judge > cut) * 1.0
    human, judged, others = truth[:n].round(6), judge[:n].round(6), judge[n:].round(6)
    return {"id": name, "human": human.tolist(), "judged": judged.tolist(), "others": others.tolist()}


def our_answer(case: Case, asked: str) -> list[float]:
    """Return judgekit's figures under a package's question, or the package's own definition where ours is another's."""
    if asked == "ppi_python":
        human, judged, others = (np.array(case[name]) for name in ("human", "judged", "others"))
        return [*ppi_python(human, judged, others)]
    away = np.subtract(case["candidate"], case["baseline"]).astype(float)
    moved = away[away != 0]
    if asked == "mcnemar_chi2":
        n, apart = len(moved), abs(int(np.sign(moved).sum()))
        return [float(stats.chi2.sf((apart - 1) ** 2 / n, 1))]
    if asked == "wilcoxon_exact" and len(np.unique(np.abs(away))) < len(away):
        return [float(stats.wilcoxon(moved, method="exact").pvalue)]
    if asked == "bca":
        return in_errors(case, *_textbook_bca(away))
    report = compared(case)
    if asked == "paired_mean":
        return [difference(report).value or 0.0]
    return [p_value(report, "mcnemar" if asked == "mcnemar_exact" else "wilcoxon")]


def _textbook_bca(away: np.ndarray) -> tuple[float, float]:
    """Return the ends of the interval with the normal's tails, which `compare` widens to Student's."""
    rng, n = np.random.default_rng(2), len(away)
    resampled = rng.choice(away, size=(10_000, n)).mean(axis=1)
    left_out = (away.sum() - away) / (n - 1)
    found = bootstrap_interval(float(away.mean()), resampled, acceleration(left_out, np.ones(n)), 0.95)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def in_errors(case: Case, low: float, high: float) -> list[float]:
    """Return the ends of an interval in standard errors from the mean difference."""
    away = np.subtract(case["candidate"], case["baseline"]).astype(float)
    error = away.std(ddof=1) / np.sqrt(len(away))
    return [float((end - away.mean()) / error) for end in (low, high)]


def difference(report: ComparisonReport) -> Estimate:
    """Return the difference of two versions."""
    (found,) = [row.estimate for row in report.rows if row.metric == "mean_difference"]
    return found


def p_value(report: ComparisonReport, name: str) -> float:
    """Return a companion's."""
    (found,) = [each for each in report.companions if each.name == name]
    assert found.p_value is not None
    return found.p_value


def compared(case: Case) -> ComparisonReport:
    """Return what `compare` says of a judge's verdicts on two versions."""
    scale = {
        "binary": Scale(type="binary", levels=("fail", "pass")),
        "ordinal": Scale(type="ordinal", levels=(1, 2, 3, 4, 5)),
        "numeric": Scale(type="numeric", min=0, max=100),
    }[case["scale"]]
    criterion = Criterion(id="asked", question="How good?", scale=scale)
    sessions, outcomes = [], []
    for side in ("baseline", "candidate"):
        for place, value in enumerate(case[side]):
            name = f"{side}-{place:03d}"
            turn = Turn(id="1", role="user", text=name)
            sessions.append(Session(id=name, turns=(turn,), input=f"i{place:03d}", version=side))
            spoken = ("fail", "pass")[value] if case["scale"] == "binary" else value
            outcomes.append(Verdict(id=name, session=name, criterion="asked", judge="scorer", value=spoken))
    rubric = Rubric(name="versions", criteria=(criterion,))
    data = Dataset(card=DatasetCard(name="versions"), rubric=rubric, sessions=tuple(sessions))
    return compare(
        data,
        outcomes,
        (version_side(data, "baseline"), version_side(data, "candidate")),
        scoring=Scoring(judge="scorer", engine="stored"),
        measuring=Measuring(np.random.default_rng(1), n_resamples=10_000),
    )


def ppi_python(human: np.ndarray, judged: np.ndarray, others: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the ends of ppi-python's tuned interval of a mean, by its definition, which takes no package.

    Source: ppi-python 0.2.3, `ppi_mean_ci` and `_calc_lam_glm`: covariance with ddof 0 over a variance with ddof 1.
    """
    n, n_others = len(human), len(others)
    spread = float(np.var(np.concatenate([judged, others]), ddof=1)) * (1 + n / n_others)
    together = float(((human - human.mean()) * (judged - judged.mean())).mean())
    power = float(np.clip(together / spread, 0, 1)) if spread > 0 else 0.0
    value = power * float(others.mean()) + float((human - power * judged).mean())
    error = np.sqrt(power**2 * others.var() / n_others + (human - power * judged).var() / n)
    half = float(stats.norm.ppf((1 + level) / 2) * error)
    return value - half, value + half
