"""`judgekit.plan`: what the command does, over records or rows, or over numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from judgekit.api.given import SEED, Outcomes, judged, words_of

if TYPE_CHECKING:
    from judgekit.records.dataset import Dataset
    from judgekit.records.experiment import Experiment
    from judgekit.records.planning import PlanReport


def plan(
    dataset: Dataset | None = None,
    outcomes: Outcomes | None = None,
    *,
    experiment: Experiment | None = None,
    criteria: Sequence[str] = (),
    seed: int = SEED,
    usd_per_hour: float | None = None,
    usd_per_call: float | None = None,
    **asked: float | tuple[float, float] | None,
) -> PlanReport:
    """Return how many labels, inputs, hours and dollars a question takes, before any is paid for.

    Args:
        dataset: Its labels of train and dev say what to expect; None: numbers alone.
        outcomes: A judge's run, verdicts, or rows with `session`, `criterion` and `value`.
        experiment: Whose gate is planned: how likely it is to pass what is good, and to stop what is not.
        criteria: Criteria to plan for; empty for all that have an order.
        seed: Of the simulated studies.
        usd_per_hour: An expert's hour.
        usd_per_call: A verdict of the judge.
        asked: The question (`drop`, `half_width`, `n_labels`, `power`, `level` and the others of
            `judgekit.workflows.plan_question.Question`), and what to take for granted (`rate`, `discordant`,
            `judge_correlation` and the others of `judgekit.analysis.supposition.Guess`).

    Raises:
        InputError: Nothing is asked, or numbers do not go together.
        UnknownName: There is no such question, number or criterion.

    Example:
        >>> import judgekit
        >>> judgekit.plan(half_width=0.05, rate=0.8).answer
        'Label 246 sessions to know a rate of 0.8 to within 0.05 either way.'
    """
    from dataclasses import fields
    from typing import Any

    import numpy as np

    from judgekit.analysis.supposition import Guess
    from judgekit.errors import InputError, UnknownName
    from judgekit.workflows.plan import plan as run
    from judgekit.workflows.plan_gate import plan_gate
    from judgekit.workflows.plan_question import Prices, Question, Source
    from judgekit.workflows.score import Scoring

    known = {kind: {each.name for each in fields(kind)} for kind in (Question, Guess)}
    for name in asked:
        if not any(name in names for names in known.values()):
            raise UnknownName("question", name, sorted(set().union(*known.values())), where="judgekit.plan")
    given: list[dict[str, Any]] = [{k: v for k, v in asked.items() if k in names} for names in known.values()]
    question, guess = Question(**given[0]), Guess(**given[1])
    if dataset is None and (outcomes is not None or experiment is not None or criteria):
        raise InputError("a plan from outcomes, criteria or an experiment needs their dataset")
    told, scoring = judged(outcomes, None) if outcomes is not None else ([], Scoring(judge=""))
    rng, settings = np.random.default_rng(seed), {"seed": seed}
    prices = Prices(usd_per_hour, usd_per_call)
    if dataset is None:
        return run(question, guess, prices, rng, settings=settings)
    source = Source(dataset, told, scoring, words_of(criteria))
    if experiment is not None:
        return plan_gate(experiment, question, guess, prices, rng, source=source, settings=settings)
    return run(question, guess, prices, rng, source=source, settings=settings)
