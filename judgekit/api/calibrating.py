"""`judgekit.calibrate`: what the command does, over records or rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from judgekit.api.given import RESAMPLES, SEED, Outcomes, judged, measuring_by, words_of

if TYPE_CHECKING:
    from judgekit.records.calibration import CalibrationMethod
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.workflows.calibrate import CalibratedJudge


def calibrate(
    dataset: Dataset,
    judge: Judge,
    outcomes: Outcomes,
    *,
    others: Mapping[str, Outcomes] | None = None,
    criteria: Sequence[str] = (),
    splits: Sequence[str] = ("train", "dev"),
    reference: str | None = None,
    has_length: bool = False,
    has_criteria: bool = False,
    method: CalibrationMethod | None = None,
    coverage: float = 0.9,
    seed: int = SEED,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
) -> CalibratedJudge:
    """Return a judge calibrated to the experts wherever that gains more than noise, with the report on it.

    Args:
        dataset: Sessions and labels.
        judge: Whose verdicts they are; `judgekit.run` with the judge returned gives calibrated ones.
        outcomes: Its run, verdicts, or rows with `session`, `criterion` and `value`.
        others: Other judges over the same sessions that may be read too, by name.
        criteria: Criteria to calibrate; empty for all that the judge answers.
        splits: Splits learnt from, never test; all labelled sessions where the dataset has none.
        reference: `majority`, `mean`, `median`, `adjudicated`, `gold`, `rater:NAME` or `group:NAME`.
        has_length: Whether the session's length is read too.
        has_criteria: Whether verdicts on other criteria are read too.
        method: Only this one; None for the best.
        coverage: Of the conformal intervals.
        seed: Of folds and resampling.
        level: Coverage of the other intervals.
        n_resamples: Bootstrap resamples.

    Raises:
        InputError: The labels cannot support it; says what is missing.
        UnknownName: A criterion that the judge does not answer.
    """
    from judgekit.workflows.calibrate import calibrate as learn
    from judgekit.workflows.calibration_input import Calibrating, Heard

    heard = []
    for name, each in {judge.name: outcomes, **(others or {})}.items():
        given, told = judged(each, name)
        heard.append(Heard(name, given, told.judge_fingerprint, told.lineage, told.engine))
    chosen: Any = words_of(splits)
    calibrating = Calibrating(
        criteria=words_of(criteria),
        splits=chosen,
        reference=reference,
        has_length=has_length,
        has_criteria=has_criteria,
        method=method,
        coverage=coverage,
        seed=seed,
        settings={"seed": seed},
    )
    measuring = measuring_by(seed, level=level, n_resamples=n_resamples)
    return learn(dataset, judge, heard, calibrating, measuring)
