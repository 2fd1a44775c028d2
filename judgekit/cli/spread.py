"""`judgekit run --ray N`: one run in parts, each an ordinary run, on the workers of Ray Data; then merged.

Why more parts than workers: they differ in size, and a worker that is done takes the next. Why a part needs nothing of
Ray's own against crashes: its folder and the store of replies hold what is paid for, so that Ray may begin it again
anywhere. Here Ray is imported, and nowhere else. Not here: dealing out and merging (`workflows.shard`).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judgekit.errors import BudgetReached, EngineUnavailable, FileProblem, InputError, JudgekitError

if TYPE_CHECKING:
    from judgekit.adapters.store.run import RunFolder
    from judgekit.cli.console import Console
    from judgekit.cli.options import SplitOption
    from judgekit.cli.run_source import Source
    from judgekit.cli.running import RunHow
    from judgekit.judging.runner.interview import Targets
    from judgekit.records.judge import Judge
    from judgekit.records.run import RunManifest
    from judgekit.workflows.run import RunSummary

PARTS = "parts"
"""Folder of the parts' runs, in the whole's."""
PARTS_PER_WORKER = 4
OBJECT_STORE_BYTES = 128 * 2**20
"""What Ray sets aside for data; here it carries a few words a part."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a run is spread, and what each worker reads anew.

    Attributes:
        n_workers: Parts that run at the same time.
        sessions: Dataset or file, as the command line names it.
        split: Only the sessions of this split.
        limit: Only the first so many.
    """

    n_workers: int
    sessions: str
    split: SplitOption = "all"
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """What a worker is told; it finds the same folders under the same paths.

    Attributes:
        home: Working folder of the command.
        folder: Of the parts' runs.
        n_parts: How many there are.
        judge: As the command line changed it.
        judge_folder: Where recorded replies and weights lie.
        spread: What is judged.
        how: Engine, and the limits of one worker.
        caps_usd: What each part's sends may come to, earlier commands' included; None: no cap.
        is_apart: Whether each part keeps its own store of replies: machines do not share an SQLite file safely.
    """

    home: Path
    folder: Path
    n_parts: int
    judge: Judge
    judge_folder: Path
    spread: Spread
    how: RunHow
    caps_usd: tuple[float, ...] | None
    is_apart: bool

    def place(self, index: int) -> Path:
        """Return the folder of a part, from 1."""
        return self.folder / f"{index}-of-{self.n_parts}"


def run_spread(
    out: Path | None, judge: Judge, judge_folder: Path, source: Source, *, spread: Spread, how: RunHow, console: Console
) -> RunSummary:
    """Run a judge in parts on Ray's workers, and merge them; other arguments and errors are those of `run_into`.

    A part that is complete already is read from its replies and paid for by nobody.

    Args:
        out: The whole run's folder; the parts' are in its `parts/`, and all workers must reach it.
        judge: As the command line changed it.
        judge_folder: Where recorded replies and weights lie.
        source: Sessions and pairs to judge.
        spread: Workers, and where they find the source.
        how: Engine, and limits for all workers together.
        console: For progress.

    Raises:
        InputError: Ray is not installed, or the run cannot be spread; no request was sent.
    """
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.store.project import cache_folder, project_root
    from judgekit.cli.run_place import default_name, writing
    from judgekit.cli.run_source import targets_in
    from judgekit.records.dataset import Dataset
    from judgekit.workflows.run import RunSummary, begin_run, run_notes

    _require_spreadable(judge, how)
    _require_ray()
    folder = (out or cache_folder(project_root()) / "runs" / default_name(judge, how.shard)).resolve()
    targets, clock = targets_in(judge, source), SystemClock()
    began_s = time.monotonic()
    with writing(folder, judge) as run_folder:
        _require_parts_only(folder)
        begin_run(judge, targets, sink=run_folder, clock=clock)  # a kill from here on leaves a run to continue
        errand = _errand(folder, judge, judge_folder.resolve(), targets, spread, how)
        _run_parts(errand, console)
        manifest = _merge(errand, run_folder, time.monotonic() - began_s)
    set_aside = () if isinstance(source, Dataset) else source.notes
    return RunSummary(manifest=manifest, folder=str(out or folder), notes=(*run_notes(manifest), *set_aside))


def each_worker(how: RunHow, n_workers: int) -> RunHow:
    """Return the limits of one of several workers that run at the same time; the cap on cost is the parts' matter."""
    limits = how.limits
    share = replace(
        limits,
        max_in_flight=max(1, limits.max_in_flight // n_workers),
        rpm=None if limits.rpm is None else limits.rpm / n_workers,
        tpm=None if limits.tpm is None else limits.tpm / n_workers,
        max_cost_usd=None,
    )
    return replace(how, limits=share)


def run_part(row: dict[str, Any], errand: Errand) -> dict[str, Any]:
    """Run one part where Ray wants it; what went wrong comes back as a row, since Ray would begin anew on an error."""
    from judgekit.adapters.store.files import file_problem
    from judgekit.cli.console import Console
    from judgekit.cli.run_source import load_source
    from judgekit.cli.running import run_into

    index = int(row["id"]) + 1
    try:
        os.chdir(errand.home)
        how = _how_of(errand, index)
        source = load_source(errand.spread.sessions, errand.judge, split=errand.spread.split, limit=errand.spread.limit)
        console = Console(quiet=True)
        run_into(errand.place(index), errand.judge, errand.judge_folder, source, how=how, console=console)
    except JudgekitError as error:
        return _told(index, error)
    except OSError as error:
        return _told(index, file_problem(error, error.filename or errand.home))
    return {"index": index, "exit_code": 0, "error": ""}


def _told(index: int, error: JudgekitError) -> dict[str, Any]:
    return {"index": index, "exit_code": error.exit_code, "error": str(error)}


def _how_of(errand: Errand, index: int) -> RunHow:
    """Return how to run a part now: with what is left of its cap, wherever it was killed before."""
    from judgekit.adapters.store.run import spent_in

    place = errand.place(index)
    how = replace(errand.how, shard=f"{index}/{errand.n_parts}", cache=place / ".cache" if errand.is_apart else None)
    if errand.caps_usd is None:
        return how
    spent = spent_in(place)
    left_usd = errand.caps_usd[index - 1] - (spent.cost_usd or 0.0) - (spent.possible_usd or 0.0)
    if left_usd <= 0:
        what = f"part {index} of {errand.n_parts} has spent its share of the cap"
        raise BudgetReached(what, where=str(place), hint="The same command continues, with a new --max-cost")
    return replace(how, limits=replace(how.limits, max_cost_usd=left_usd))


def _require_spreadable(judge: Judge, how: RunHow) -> None:
    if judge.kind == "panel":
        raise InputError("a panel is not run in parts", where=judge.name, hint="Run its members in parts, or all of it")
    for is_given, option, why in (
        (how.shard is not None, "--shard", "--ray makes its parts itself"),
        (how.batch, "--batch", "A batch is already done by many machines, the provider's"),
        (how.fresh, "--fresh", "A part begun anew would pay anew: move the stored replies away instead"),
    ):
        if is_given:
            raise InputError(f"{option} and --ray do not go together", hint=why)


def _require_ray() -> None:
    """Look for Ray, which reads its settings while it is loaded.

    No reports to its makers; and since its ports are open to the network, one of our own wants a secret of its own.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if "RAY_ADDRESS" not in os.environ:
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    try:
        import ray.data  # noqa: F401  # only whether it is there
    except ImportError as error:
        hint = "pip install 'judgekit-eval[ray]', or run --shard i/n by hand"
        raise InputError(f"--ray needs Ray Data ({error})", hint=hint) from error


def _require_parts_only(folder: Path) -> None:
    calls = folder / "calls.jsonl"
    if calls.is_file() and calls.stat().st_size and not (folder / PARTS).is_dir():
        hint = "Continue it without, or choose another -o folder"
        raise FileProblem("holds a run that was begun without --ray", where=str(folder), hint=hint)


def _errand(folder: Path, judge: Judge, judge_folder: Path, targets: Targets, spread: Spread, how: RunHow) -> Errand:
    n_workers = min(spread.n_workers, how.limits.max_in_flight)
    errand = Errand(
        home=Path.cwd(),
        folder=folder / PARTS,
        n_parts=_n_parts(folder / PARTS) or PARTS_PER_WORKER * n_workers,
        judge=judge,
        judge_folder=judge_folder,
        spread=replace(spread, n_workers=n_workers),
        how=replace(each_worker(how, n_workers), replay=how.replay and how.replay.resolve()),
        caps_usd=None,
        is_apart="RAY_ADDRESS" in os.environ,
    )
    cap_usd = how.limits.max_cost_usd
    return errand if cap_usd is None else replace(errand, caps_usd=_caps(errand, targets, cap_usd))


def _n_parts(folder: Path) -> int | None:
    """Return how many parts an earlier command made, so that the same ones are continued."""
    from judgekit.adapters.store.run import RunFolder
    from judgekit.workflows.shard import Shard

    found = (RunFolder(path.parent).manifest().shard for path in sorted(folder.glob("*-of-*/run.json")))
    return next((Shard.read(shard).n for shard in found if shard is not None), None)


def _caps(errand: Errand, targets: Targets, cap_usd: float) -> tuple[float, ...]:
    """Deal the cap out by the parts' sizes, on top of what earlier commands spent."""
    from judgekit.adapters.store.run import spent_in
    from judgekit.workflows.shard import part_sizes

    spent = [spent_in(errand.place(index + 1)) for index in range(errand.n_parts)]
    shares = [cap_usd * size / len(targets) for size in part_sizes(targets, errand.n_parts)]
    return tuple(
        share + (before.cost_usd or 0.0) + (before.possible_usd or 0.0)
        for share, before in zip(shares, spent, strict=True)
    )


def _run_parts(errand: Errand, console: Console) -> None:
    """Have all parts run; the first error stops them, and what was done is kept.

    Raises:
        BudgetReached: A part met its share of the cap; the others were run to their end first.
        EngineUnavailable: Key, model, quota or connection.
        InputError: Anything else that a worker refused.
    """
    stopped: list[str] = []
    n_done = 0
    with contextlib.closing(_answers(errand)) as answers:
        for answer in answers:
            if answer["exit_code"] == BudgetReached.exit_code:
                stopped.append(answer["error"])
            elif answer["exit_code"]:
                kinds = {kind.exit_code: kind for kind in (InputError, EngineUnavailable)}
                raise kinds.get(answer["exit_code"], JudgekitError)(answer["error"])
            n_done += not answer["exit_code"]
            console.say(f"{n_done} of {errand.n_parts} parts done")
    if stopped:
        raise BudgetReached(f"{len(stopped)} of {errand.n_parts} parts stopped; the first: {stopped[0]}")


def _answers(errand: Errand) -> Generator[dict[str, Any]]:
    """Yield what each part came to, as they end; a part whose worker died is begun again by Ray."""
    import ray
    import ray.data

    _join(errand)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        numbers = ray.data.range(errand.n_parts, override_num_blocks=errand.n_parts)
        pool = ray.data.TaskPoolStrategy(size=errand.spread.n_workers)
        yield from numbers.map(run_part, fn_kwargs={"errand": errand}, compute=pool).iter_rows()
    finally:
        ray.shutdown()


def _join(errand: Errand) -> None:
    """Join the cluster of RAY_ADDRESS, or begin one on this machine alone, without its dashboard."""
    import logging

    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if errand.is_apart:
        ray.init(os.environ["RAY_ADDRESS"], **quiet)
    else:
        alone = {"num_cpus": errand.spread.n_workers, "object_store_memory": OBJECT_STORE_BYTES}
        ray.init("local", include_dashboard=False, **alone, **quiet)
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _merge(errand: Errand, whole: RunFolder, wall_s: float) -> RunManifest:
    from judgekit.adapters.store.run import RunFolder
    from judgekit.adapters.store.run_merge import merge_folders
    from judgekit.workflows.shard import merged

    parts = [errand.place(index + 1) for index in range(errand.n_parts)]
    manifest = merged([(str(part), RunFolder(part).manifest()) for part in parts])
    return merge_folders(parts, whole.path, manifest.model_copy(update={"wall_s": wall_s}))
