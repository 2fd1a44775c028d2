"""Running a panel: every member as an ordinary run of its own, in the panel's folder; then their verdicts combined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.errors import BudgetReached, InputError

if TYPE_CHECKING:
    from judgekit.cli.console import Console
    from judgekit.cli.running import RunHow
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.records.run import RunManifest
    from judgekit.workflows.run import RunSummary

MEMBERS = "members"
"""Folder of the members' runs, in the panel's."""
SEED = 7
"""Of the interval around the effective number of judges."""


def run_panel(
    out: Path | None, judge: Judge, judge_folder: Path, source: Dataset, *, how: RunHow, console: Console
) -> RunSummary:
    """Run a panel; the arguments and errors are those of `run_into`.

    Members are run one after the other. A member that is complete already is read from its replies and paid for by
    nobody; the cap on cost is one for all members.
    """
    import numpy as np

    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.store.judge import with_members
    from judgekit.adapters.store.project import cache_folder, project_root
    from judgekit.adapters.store.run import RunFolder
    from judgekit.cli.run_place import writing
    from judgekit.cli.running import run_into
    from judgekit.workflows.panel import PanelWorthOf, combine_runs
    from judgekit.workflows.run import RunSummary, begin_run, run_notes, targets_of

    if how.shard is not None:
        raise InputError("a panel is not run in parts", where=judge.name, hint="Run its members in parts, or all of it")
    members = panel_members(judge, judge_folder, how=how)
    judge = with_members(judge, [member for _, member in members])
    named = f"{judge.name}-{judge.judge_fingerprint.removeprefix('sha256:')[:12]}"
    folder = out or cache_folder(project_root()) / "runs" / named
    targets, clock = targets_of(judge, source.sessions, source.pairs), SystemClock()
    manifests: dict[str, RunManifest] = {}
    with writing(folder, judge) as run_folder:
        begin_run(judge, targets, sink=run_folder, clock=clock)  # a kill from here on leaves a run to continue
        for member_folder, member in members:
            console.say(f"member {len(manifests) + 1} of {len(members)}: {member.name}")
            left = with_what_is_left(how, manifests.values(), str(folder))
            place = folder / MEMBERS / member.name
            manifests[member.name] = run_into(place, member, member_folder, source, how=left, console=console).manifest
        outcomes = {name: RunFolder(folder / MEMBERS / name).each_outcome() for name in manifests}
        manifest = combine_runs(
            judge,
            targets,
            {name: (manifests[name], outcomes[name]) for name in manifests},
            sink=run_folder,
            clock=clock,
            worth=PanelWorthOf(source.unit, np.random.default_rng(SEED)),
        )
    return RunSummary(manifest=manifest, folder=str(folder), notes=run_notes(manifest))


def panel_members(judge: Judge, judge_folder: Path, *, how: RunHow) -> list[tuple[Path, Judge]]:
    """Return a panel's members, as project and environment change them, with their folders."""
    from judgekit.adapters.store.judge import JudgeFolder, load_judge
    from judgekit.cli.run import changed

    folders = JudgeFolder(judge_folder).member_folders(judge)
    return [(folder, changed(load_judge(folder), model=None, base_url=None, how=how)) for folder in folders]


def member_runs(run: Path) -> list[Path]:
    """Return the folders of a panel's members' runs; none where the run is no panel's."""
    folder = run / MEMBERS
    return sorted(path.parent for path in folder.glob("*/run.json")) if folder.is_dir() else []


def with_what_is_left(how: RunHow, done: Iterable[RunManifest], where: str) -> RunHow:
    """Return how to run the next judge: with what the runs before it left of the cap.

    Raises:
        BudgetReached: Nothing is left.
    """
    if how.limits.max_cost_usd is None:
        return how
    spent_usd, n_runs = 0.0, 0
    for manifest in done:
        possible_usd = manifest.spending.possible_usd if manifest.spending is not None else 0.0
        spent_usd += (manifest.cost_usd or 0.0) + (possible_usd or 0.0)
        n_runs += 1
    left_usd = how.limits.max_cost_usd - spent_usd
    if left_usd <= 0:
        judges = "1 judge" if n_runs == 1 else f"{n_runs} judges"
        what = f"the cap of ${how.limits.max_cost_usd:g} is met: ${spent_usd:.4f} is spent on {judges}"
        raise BudgetReached(what, where=where, hint="The same command continues, with a new --max-cost")
    return replace(how, limits=replace(how.limits, max_cost_usd=left_usd))
