"""`probe` as a call: whether a judge keeps its verdicts when what should not matter changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from judgekit.api.given import SEED, words_of

if TYPE_CHECKING:
    from judgekit.judging.ports import Engine
    from judgekit.judging.probe import Probing, Question
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.records.probe_report import ProbeReport
    from judgekit.workflows.distil import Distilled
    from judgekit.workflows.probe import Heard
    from judgekit.workflows.run import RunOptions


def probe(
    judge: Judge | Distilled | str | Path,
    dataset: Dataset,
    *,
    probes: str | Sequence[str] = (),
    n: int = 50,
    n_reruns: int = 2,
    error_rate: float = 0.05,
    engine: Engine | None = None,
    max_in_flight: int = 16,
    seed: int = SEED,
    level: float = 0.95,
) -> ProbeReport:
    """Return what changes that should not matter do to a judge's verdicts, beside asking the same again.

    Args:
        judge: A prompt judge or a student: its folder's name or path, a record, or what `distil_student` returned.
        dataset: Sessions or pairs to draw from.
        probes: Probes wanted, such as `length` or `injection`; empty for all.
        n: How many sessions or pairs are drawn.
        n_reruns: How often the same is asked again, for the noise floor.
        error_rate: Chance that a judge who is clear of all is found with anything at all.
        engine: What completes requests; None: the judge's own.
        max_in_flight: Most requests at once.
        seed: Of the draw.
        level: Coverage of the intervals.

    Raises:
        InputError: The judge is of another kind, or what is wanted by name cannot be asked.
        EngineUnavailable: Key, model, quota or connection.
    """
    import numpy as np

    from judgekit.adapters.clock import SystemClock
    from judgekit.adapters.store.judge import JudgeFolder
    from judgekit.api.running import asked_judge, with_engine
    from judgekit.workflows.probe import ProbeOptions, hear_student, probe_report, probing_of
    from judgekit.workflows.run import targets_of

    asked = asked_judge(judge)
    targets = targets_of(asked.judge, dataset.sessions, dataset.pairs)
    options = ProbeOptions(words_of(probes), n, n_reruns, error_rate, level, {"seed": seed})
    paraphrases = JudgeFolder(asked.folder).paraphrases() if asked.folder is not None else ()
    probing = probing_of(asked.judge, targets, options, rng=np.random.default_rng(seed), paraphrases=paraphrases)
    if asked.student is not None:
        heard: Mapping[str, Heard] = hear_student(probing, asked.student, now=SystemClock().now())
    else:
        heard = with_engine(asked, engine, max_in_flight, lambda answering: _ask_all(probing, answering, max_in_flight))
    return probe_report(probing, heard, options, dataset=dataset.name)


async def _ask_all(probing: Probing, engine: Engine, max_in_flight: int) -> dict[str, Heard]:
    """Ask every question of one engine; what two of them share is asked once."""
    from judgekit.adapters.prices import LitellmPrices
    from judgekit.api.running import run_with
    from judgekit.judging.runner.store import MemoryStore
    from judgekit.workflows.probe import Heard, ask_probes
    from judgekit.workflows.run import RunOptions

    store = MemoryStore()

    async def ask(question: Question, options: RunOptions) -> Heard:
        run = await run_with(question.judge, question.targets, engine=engine, store=store, options=options)
        return Heard(run.outcomes, run.manifest)

    return await ask_probes(probing, ask, RunOptions(max_in_flight, prices=LitellmPrices()))
