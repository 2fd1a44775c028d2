"""`judgekit judge probe`: does a judge keep its verdicts when what should not matter changes?"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.cli.judge import WIDTH, JudgeName
from judgekit.cli.options import (
    DEFAULT_SEED,
    BaseUrl,
    DryRun,
    EngineName,
    Fresh,
    Level,
    Limits,
    Model,
    Out,
    Replay,
    Sessions,
    Split,
)
from judgekit.cli.run import changed
from judgekit.errors import EXIT_FINDINGS, BudgetReached, EngineUnavailable, IncompleteError, InconclusiveError

if TYPE_CHECKING:
    from judgekit.adapters.store.judge import JudgeFolder
    from judgekit.cli.console import Console
    from judgekit.cli.running import RunHow
    from judgekit.judging.ports import Engine, Store
    from judgekit.judging.probe import Probing, Question
    from judgekit.records.judge import Judge
    from judgekit.records.probe_report import ProbeReport
    from judgekit.workflows.probe import Heard, ProbePlan, ProbePrice
    from judgekit.workflows.run import RunOptions


def judge_probe(
    context: typer.Context,
    judge: JudgeName,
    sessions: Sessions,
    *,
    probe: Annotated[
        list[str] | None,
        typer.Option(
            "--probe",
            "-p",
            help="Only this probe (repeatable): order, criteria, paraphrase, length, markdown, names, injection.",
        ),
    ] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="Sessions or pairs drawn.")] = 50,
    reruns: Annotated[int, typer.Option("--reruns", min=2, max=20, help="How often each is asked again as it is.")] = 2,
    error_rate: Annotated[
        float,
        typer.Option("--error-rate", min=0.001, max=0.5, help="Chance of any finding in a judge clear of all."),
    ] = 0.05,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draw.")] = DEFAULT_SEED,
    level: Level = 0.95,
    out: Out = None,
    model: Model = None,
    base_url: BaseUrl = None,
    engine: EngineName = None,
    replay: Replay = None,
    limits: Limits,
    split: Split = "all",
    fresh: Fresh = False,
    dry_run: DryRun = False,
) -> int:
    """Change what should not matter, and see whether the verdicts stay: order, wording, length, names, planted orders.

    The same is asked again first: only what flips more often than that is a finding (exit code 8). The price is told
    before anything is sent. Interrupt or kill it: the same command continues.

    Example: judgekit judge probe resolution helpdesk --dry-run
    """
    import numpy as np

    from judgekit.adapters.store.judge import JudgeFolder, load_judge
    from judgekit.adapters.store.project import find_judge
    from judgekit.cli.options import deliver, provenance
    from judgekit.cli.run_source import load_source, targets_in
    from judgekit.cli.running import RunHow
    from judgekit.workflows.probe import ProbeOptions, probe_report, probing_of

    how = RunHow(engine, replay, limits, fresh=fresh)
    console: Console = context.obj
    folder = JudgeFolder(find_judge(judge))
    subject = changed(load_judge(folder.path), model=model, base_url=base_url, how=how)
    targets = targets_in(subject, load_source(sessions, subject, split=split))
    options = ProbeOptions(tuple(probe or ()), n, reruns, error_rate, level, {**provenance(seed), "split": split})
    probing = probing_of(subject, targets, options, rng=np.random.default_rng(seed), paraphrases=folder.paraphrases())
    if subject.kind == "prompt":
        plan = _plan(probing, how)
        if dry_run:
            console.emit(plan)
            console.show(plan_text(plan))
            return 0
        console.say(plan_text(plan))
        heard = _asked(probing, folder.path, how, console)
    else:
        heard = _heard(probing, folder)
    report = probe_report(probing, heard, options, dataset=Path(sessions).name)
    deliver(report, console, out)
    _keep(report, folder.path, console)
    return _exit_code(report)


def plan_text(plan: ProbePlan) -> str:
    """Return what probing would come to, in at most 80 columns."""
    from judgekit.cli.progress import duration
    from judgekit.render.plain import wrap
    from judgekit.render.table import Cell, Table, aligned

    head = ("probe", "variants", "calls", "in the cache", "tokens", "dollars")
    body = [
        (
            each.probe,
            str(each.n_variants),
            f"{each.n_calls:,}",
            f"{each.n_stored:,}",
            _tokens(each),
            _usd(each.cost_usd),
        )
        for each in plan.probes
    ]
    body.append(("all", "", f"{plan.n_calls:,}", "", _tokens(plan), _usd(plan.cost_usd)))
    table = Table(head, tuple(tuple(Cell(text) for text in row) for row in body))
    lines = [f"{plan.judge}: {plan.n_targets:,} drawn; about {duration(plan.minutes * 60)}", ""]
    lines += aligned(table, WIDTH)
    notes = [*(f"not asked: {name}: {why}" for name, why in plan.skipped.items()), *plan.notes]
    return "\n".join([*lines, *(line for note in notes for line in wrap(note, WIDTH, indent="  ", hanging="    "))])


def _tokens(priced: ProbePrice | ProbePlan) -> str:
    return f"{priced.prompt_tokens + priced.completion_tokens:,}"


def _usd(cost_usd: float | None) -> str:
    return "unknown" if cost_usd is None else f"{cost_usd:,.4f}"


def _plan(probing: Probing, how: RunHow) -> ProbePlan:
    from judgekit.cli.running import replies_so_far, run_options, way_of
    from judgekit.workflows.probe import plan_probes

    with replies_so_far(how) as store:
        way = way_of(probing.subject.judge, how)
        return plan_probes(probing, store=store, options=run_options(how), way=way)


@dataclass(frozen=True, slots=True)
class _Runner:
    """Asks questions one by one, each into a run folder of its own.

    Attributes:
        engine: Completes requests.
        store: Replies already paid for.
        folder: Where the run folders lie.
        console: For progress.
    """

    engine: Engine
    store: Store
    folder: Path
    console: Console

    async def ask(self, question: Question, options: RunOptions) -> Heard:
        """Run one question.

        Raises:
            BudgetReached: The cap is met; what was done is kept.
            EngineUnavailable: Key, model, quota or connection; what was done is kept.
        """
        import numpy as np

        from judgekit.adapters.clock import SystemClock
        from judgekit.adapters.store.run import RunFolder
        from judgekit.cli.progress import ProgressLine
        from judgekit.cli.run_place import writing
        from judgekit.workflows.probe import Heard
        from judgekit.workflows.run import Surroundings, run_judge

        line = ProgressLine(self.console)
        path = self.folder / f"{question.name}-{_short(question.judge)}"
        rng = np.random.default_rng()  # jitter only: no result depends on it
        self.console.detail(f"{question.name}: {len(question.targets)} targets")
        try:
            with writing(path, question.judge) as sink:
                around = Surroundings(self.engine, self.store, sink, SystemClock(), rng)
                options = replace(options, listener=line)
                manifest = await run_judge(question.judge, list(question.targets), around=around, options=options)
            return Heard(RunFolder(path).load().outcomes, manifest)
        except (BudgetReached, EngineUnavailable, asyncio.CancelledError):
            line.clear()
            self.console.say(f"stopped at {question.name}; what was answered is kept")
            raise
        finally:
            line.clear()


def _asked(probing: Probing, judge_folder: Path, how: RunHow, console: Console) -> dict[str, Heard]:
    from judgekit.cli.running import run_options
    from judgekit.workflows.probe import ask_probes

    async def ask_all() -> dict[str, Heard]:
        with _runner(probing, judge_folder, how, console) as runner:
            try:
                return await ask_probes(probing, runner.ask, run_options(how))
            finally:
                await runner.engine.close()

    return asyncio.run(ask_all())


@contextlib.contextmanager
def _runner(probing: Probing, judge_folder: Path, how: RunHow, console: Console) -> Iterator[_Runner]:
    from judgekit.adapters.store.project import cache_folder, project_root
    from judgekit.cli.run_place import opened_store
    from judgekit.cli.running import chosen_engine

    judge = probing.subject.judge
    cache = cache_folder(project_root())
    engine = chosen_engine(judge, judge_folder, how=how)
    with opened_store(cache, engine, fresh=how.fresh) as store:
        yield _Runner(engine, store, cache / "probes" / f"{judge.name}-{_short(judge)}", console)


def _short(judge: Judge) -> str:
    return judge.judge_fingerprint.removeprefix("sha256:")[:12]


def _heard(probing: Probing, folder: JudgeFolder) -> dict[str, Heard]:
    """Hear a student: no request, no key, no network."""
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.store.student import load_student
    from judgekit.workflows.probe import hear_student

    return hear_student(probing, load_student(folder.weights_path), now=SystemClock().now())


def _keep(report: ProbeReport, folder: Path, console: Console) -> None:
    """Keep in the judge's folder what was found, for its certificates; not of a judge that the folder does not hold."""
    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.store.judge import load_judge
    from judgekit.adapters.store.probed import read_probed, write_probed
    from judgekit.workflows.probed import probed_of

    if report.judge_fingerprint != load_judge(folder).judge_fingerprint:
        console.say("not kept for certificates: another model or address was probed than the judge's folder names")
        return
    kept = probed_of(report, before=read_probed(folder), now=SystemClock().now())
    if kept is not None:
        console.detail(f"wrote {write_probed(folder, kept)}")


def _exit_code(report: ProbeReport) -> int:
    """Return 8 where something was found; where something cannot be said, that is an error of its own.

    Raises:
        IncompleteError: Too many failures to decide on a probe.
        InconclusiveError: Too few targets to.
    """
    from judgekit.workflows.probe import is_undecided_for_failures

    if any(result.word == "found" for result in report.results):
        return EXIT_FINDINGS
    for result in report.results:
        if result.word == "too few":
            what = f"{result.probe} ({result.variant.replace('_', ' ')}) on {result.criterion}: {result.why}"
            error = IncompleteError if is_undecided_for_failures(result) else InconclusiveError
            raise error(what, where=report.judge, hint="Give more sessions with --n, or mend what fails")
    return 0
