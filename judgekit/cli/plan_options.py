"""The options of `judgekit plan`: what is asked, what is supposed, what things cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from judgekit.errors import InputError

if TYPE_CHECKING:
    from judgekit.analysis.supposition import Guess
    from judgekit.workflows.plan_question import Prices, Question


@dataclass(frozen=True)
class PlanAsked:
    """One plan as it is typed, apart from what it is made from."""

    drop: Annotated[float | None, typer.Option("--drop", help="Loss of quality that must be seen.")] = None
    half_width: Annotated[
        float | None, typer.Option("--half-width", help="Quality to plus or minus this; or --kappa, --correlation.")
    ] = None
    labels: Annotated[int | None, typer.Option("--labels", help="Sessions to label: what can they show?")] = None
    gain: Annotated[
        float | None, typer.Option("--gain", help="Of a gate: how much better where it must be better.")
    ] = None
    power: Annotated[float, typer.Option("--power", help="Chance of seeing what is there.")] = 0.8
    rate: Annotated[float | None, typer.Option("--rate", help="Share of passes expected.")] = None
    discordant: Annotated[
        float | None, typer.Option("--discordant", help="Share of inputs whose labels the versions change.")
    ] = None
    spread: Annotated[
        float | None, typer.Option("--spread", help="Graded: standard deviation of an input's difference.")
    ] = None
    judge_correlation: Annotated[
        float | None, typer.Option("--judge-correlation", help="Of judge and experts over sessions.")
    ] = None
    judge_tpr: Annotated[float | None, typer.Option("--judge-tpr", help="With --judge-tnr: the judge's rates.")] = None
    judge_tnr: Annotated[float | None, typer.Option("--judge-tnr", help="With --judge-tpr.")] = None
    verdicts: Annotated[
        str | None, typer.Option("--verdicts", help="Run or verdicts file: how good the judge is, by the labels.")
    ] = None
    judge: Annotated[str | None, typer.Option("--judge", help="Which judge, where a file holds several.")] = None
    inputs: Annotated[int | None, typer.Option("--inputs", min=1, help="Inputs that can be judged.")] = None
    group_size: Annotated[int | None, typer.Option("--group-size", min=1, help="Inputs of one user or task.")] = None
    icc: Annotated[float | None, typer.Option("--icc", help="How alike these are, 0 to 1.")] = None
    tpr_half_width: Annotated[
        float | None, typer.Option("--tpr-half-width", help="TPR and TNR to plus or minus this.")
    ] = None
    fail_share: Annotated[float | None, typer.Option("--fail-share", help="With it: share that fails.")] = None
    tpr: Annotated[float | None, typer.Option("--tpr", help="With it: the TPR and TNR expected.")] = None
    kappa: Annotated[float | None, typer.Option("--kappa", help="Agreement expected.")] = None
    kappa_floor: Annotated[
        float | None, typer.Option("--kappa-floor", help="What that is to be shown to lie above.")
    ] = None
    correlation: Annotated[
        float | None, typer.Option("--correlation", help="With --half-width: correlation expected.")
    ] = None
    at_most: Annotated[
        float | None, typer.Option("--at-most", help="Failure rate that trials without any are to show.")
    ] = None
    raters: Annotated[int, typer.Option("--raters", min=1, max=2, help="2: is a second rater worth it?")] = 1
    overlap: Annotated[float | None, typer.Option("--overlap", help="With --raters 2: share of sessions both see.")] = (
        None
    )
    reliability: Annotated[float | None, typer.Option("--alpha", help="Agreement of two raters.")] = None
    seconds: Annotated[
        float | None, typer.Option("--seconds-per-label", help="What a label takes; else as labels say, or 90.")
    ] = None
    usd_per_hour: Annotated[float | None, typer.Option("--usd-per-hour", help="An expert's hour.")] = None
    usd_per_call: Annotated[float | None, typer.Option("--usd-per-call", help="A verdict of the judge.")] = None

    def question(self, level: float) -> Question:
        """Return what must be shown, at this level.

        Raises:
            InputError: There is an overlap of two raters, and only one.
        """
        from judgekit.workflows.plan_question import Question

        if self.overlap is not None and self.raters == 1:
            raise InputError("--overlap needs a second rater", hint="Add --raters 2")
        return Question(
            half_width=self.half_width,
            drop=self.drop,
            n_labels=self.labels,
            gain=self.gain,
            fail_share=self.fail_share,
            class_half_width=self.tpr_half_width,
            class_rate=self.tpr,
            kappa=self.kappa,
            kappa_floor=self.kappa_floor,
            correlation=self.correlation,
            at_most=self.at_most,
            overlap=(self.overlap or 0.3) if self.raters > 1 else None,
            power=self.power,
            level=level,
        )

    def guess(self) -> Guess:
        """Return what is supposed where no labels say it.

        Raises:
            InputError: One of the judge's two rates is missing.
        """
        from judgekit.analysis.supposition import Guess

        if (self.judge_tpr is None) != (self.judge_tnr is None):
            raise InputError("--judge-tpr and --judge-tnr go together", hint="Give both, or --judge-correlation")
        rates = None if self.judge_tpr is None or self.judge_tnr is None else (self.judge_tpr, self.judge_tnr)
        return Guess(
            rate=self.rate,
            discordant=self.discordant,
            spread=self.spread,
            judge_correlation=self.judge_correlation,
            judge_rates=rates,
            n_inputs=self.inputs,
            group_size=self.group_size,
            icc=self.icc,
            reliability=self.reliability,
            seconds=self.seconds,
        )

    def prices(self) -> Prices:
        """Return what an expert and a verdict cost."""
        from judgekit.workflows.plan_question import Prices

        return Prices(self.usd_per_hour, self.usd_per_call)
