"""Judges who lie exactly at a declared line, drawn apart from what the package computes: experts, levels, units.

Sessions of one unit share part of their luck: which level is right, and how often experts and judge miss it. The
truth is that of very many sessions; units' sizes say nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.stats import norm

from judgekit.analysis.agreement import Measuring
from judgekit.analysis.judged import Judged
from judgekit.analysis.pass_rule import checks_of
from judgekit.analysis.rating import RatingTable, Target
from judgekit.analysis.reference import aggregate
from judgekit.analysis.verdict_table import VerdictTable
from judgekit.records.certificate import PassRule
from tests.analysis.composed_data import PASSED, QUALITY

SHARES = {"even": (0.1, 0.3, 0.6, 0.85), "rare": (0.03, 0.08, 0.2, 0.5)}


@dataclass(frozen=True)
class World:
    """Where a judge is drawn.

    Attributes:
        is_binary: Two levels, else 1 to 5.
        n: Labelled sessions.
        n_raters: Experts, each of whom labels all.
        expert: Share of an expert's labels that are near misses, and far ones.
        judge: The same of the judge's verdicts.
        mix: How often each level is right.
        size: Mean sessions of a unit; 1: each is its own.
        alike: Share of their luck that sessions of a unit have in common.
    """

    is_binary: bool
    n: int
    n_raters: int
    expert: tuple[float, float]
    judge: tuple[float, float]
    mix: str = "even"
    size: float = 1.0
    alike: float = 0.0

    @property
    def n_levels(self) -> int:
        return 2 if self.is_binary else 5


def drawn(world: World, rng: np.random.Generator, n: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the judge's places, the experts' (a column each), and units; `n` sessions alone where it is given."""
    sizes: list[int] = []
    while n is None and sum(sizes) < world.n:
        sizes.append(min(int(rng.geometric(1 / world.size)), world.n - sum(sizes)))
    units = np.arange(n) if n is not None else np.repeat(np.arange(len(sizes)), sizes)

    def luck() -> np.ndarray:
        shared = rng.normal(size=units.max() + 1)[units]
        own = rng.normal(size=len(units))
        return np.asarray(np.sqrt(world.alike) * shared + np.sqrt(1 - world.alike) * own)

    edges = (0.5 if world.mix == "even" else 0.12,) if world.is_binary else SHARES[world.mix]
    truth = np.searchsorted(norm.ppf(edges), luck())
    top = world.n_levels - 1

    def said(near: float, far: float, up: float) -> np.ndarray:
        missed, is_up = norm.cdf(luck()), norm.cdf(luck()) < up
        if world.is_binary:
            return np.where(missed < (near + far) * np.where(truth == 0, 2 * up, 2 - 2 * up), 1 - truth, truth)
        close = np.clip(truth + np.where(is_up, 1, -1), 0, top)
        found = np.where(missed < near + far, close, truth)
        return np.where(missed < far, np.where(truth >= 2, 0, top), found)

    experts = [said(*world.expert, 0.5) for _ in range(world.n_raters)]
    return said(*world.judge, 0.8), np.stack(experts, axis=1), units


def truths(world: World, seed: int = 99, n: int = 300_000) -> dict[str, float]:
    """Return each figure that a rule may name, from very many sessions."""
    judge, experts, _ = drawn(world, np.random.default_rng(seed), n)
    reference = _reference(experts, world)
    sides: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for place in range(world.n_raters):
        others = _reference(np.delete(experts, place, axis=1), world)
        whole = others == np.round(others)
        sides.append((judge[whole], experts[whole, place], others[whole]))
    spoken, own, others = (np.concatenate(part) for part in zip(*sides, strict=True))
    whole, known = reference == np.round(reference), ~np.isnan(reference)
    found = {
        "kappa": _kappa(judge[whole], reference[whole], world),
        "bias": float((judge[known] - reference[known]).mean()),
        "ceiling_gap": _kappa(own, others, world) - _kappa(spoken, others, world),
    }
    if world.is_binary:
        found["youden_j"] = float(judge[reference == 1].mean() - judge[reference == 0].mean())
    return found


def passes(world: World, n_runs: int, seed: int, share: float = 0.025) -> Iterator[dict[str, bool]]:
    """Yield which lines hold for a judge who lies at all of them, at bounds that may err by a share."""
    known = truths(world)
    rule = PassRule(
        min_kappa=known["kappa"],
        min_youden_j=known.get("youden_j"),
        max_bias=abs(known["bias"]),
        max_ceiling_gap=known["ceiling_gap"],
        max_failure_rate=1,
    )
    rng = np.random.default_rng(seed)
    for _ in range(n_runs):
        measuring = Measuring(np.random.default_rng(int(rng.integers(1 << 60))), 1 - 2 * share, 600)
        found = checks_of(judged(world, *drawn(world, rng)), [], rule, measuring)
        yield {each.name: each.holds for each in found if each.name != "failure_rate"}


def judged(world: World, judge: np.ndarray, experts: np.ndarray, units: np.ndarray) -> Judged:
    """Return judge and experts as a certification meets them."""
    criterion, low = (PASSED, 0) if world.is_binary else (QUALITY, 1)
    places = tuple((f"{i:04}", None) for i in range(len(judge)))
    names = tuple(f"expert {k}" for k in range(world.n_raters))
    table = RatingTable(criterion, places, names, experts + float(low), units)
    truth = aggregate(table, "majority" if world.is_binary else "median")
    numbers: dict[Target, float] = {place: float(said + low) for place, said in zip(places, judge, strict=True)}
    verdicts = VerdictTable(numbers, {}, (), {}, {})
    kept = np.array([place in truth.values for place in places])
    shared = tuple(place for place in places if place in truth.values)
    human = np.array([truth.values[place] for place in shared])
    data: Any = SimpleNamespace(unit=lambda name: f"unit {units[int(name)]:04}")
    return Judged(data, criterion, verdicts, truth, table, table, shared, judge[kept] + float(low), human, units[kept])


def _reference(experts: np.ndarray, world: World) -> np.ndarray:
    """Return the majority of two levels, NaN where they tie; the median of five."""
    middle = np.median(experts, axis=1)
    return np.where(middle == np.round(middle), middle, np.nan) if world.is_binary else middle


def _kappa(one: np.ndarray, other: np.ndarray, world: World) -> float:
    """Return Cohen's kappa, quadratic on five levels."""
    places = np.arange(world.n_levels)
    joint = np.array([[np.mean((one == i) & (other == j)) for j in places] for i in places])
    apart = np.abs(places[:, None] - places).astype(float)
    weights = apart if world.is_binary else apart**2
    return float(1 - (joint * weights).sum() / (np.outer(joint.sum(axis=1), joint.sum(axis=0)) * weights).sum())
