"""What `judge show` and `judge render` tell: a judge at a glance, and one request in full."""

from __future__ import annotations

from typing import Any

from judgekit.judging.answer_form import scale_words
from judgekit.judging.prompt import Rendered
from judgekit.records.certificate import ShownCertificate
from judgekit.records.judge import Judge
from judgekit.records.judge_kind import Check, Panel, Stored
from judgekit.records.record import Record
from judgekit.records.rubric import Criterion


class PromptCard(Record):
    """What a judge that asks a model has, and a student has not."""

    model: str | None
    engine: str
    base_url: str | None
    parameters: dict[str, Any]
    """Those that are set."""
    samples: int
    combine: str
    """How analysis makes one of several samples."""
    orders: str | None
    """How pairs are shown; None for sessions and turns."""
    reading: str
    """How replies are read."""
    max_chars: int | None
    """Longest session shown, in characters."""
    elide: str
    """What happens above it."""
    n_rules: int
    n_demonstrations: int
    request_fingerprint: str
    """Of what is asked; keys calls."""


class JudgeCard(Record):
    """A judge at a glance."""

    name: str
    kind: str
    description: str = ""
    criterion: Criterion
    further_criteria: tuple[Criterion, ...] = ()
    """Those answered in the same reply."""
    scale: str
    """The legal answers, in words."""
    target: str
    prompt: PromptCard | None
    """What is asked and how; None for a student, which asks nothing."""
    panel: Panel | None = None
    """Rule and members of a panel."""
    check: Check | None = None
    """Function and options of a check."""
    stored: Stored | None = None
    """Where a stored judge's verdicts are."""
    redaction: tuple[str, ...] = ()
    """What is taken out before anything is sent: rules of judge and project."""
    weights: str | None
    """Fingerprint of what a student has learnt; None for a prompt judge."""
    lineage_dataset: str | None
    n_lineage_units: int
    """Groups, inputs or sessions whose labels helped to make it."""
    calibrated: tuple[str, ...] = ()
    """How its verdicts are calibrated, a criterion each."""
    judge_fingerprint: str
    """Of what is asked, how it is read and calibrated; keys certificates."""
    certificates: tuple[ShownCertificate, ...] = ()
    """What it has proved, the latest of each dataset and criterion, and what that is worth now."""


class ShownMessage(Record):
    """One message as it is sent."""

    role: str
    content: str


class ShownRequest(Record):
    """One request as it is sent."""

    judge: str
    target: str
    """Id of the session or pair."""
    turn: str | None = None
    order: str | None = None
    key: str
    """Fingerprint of the request."""
    model: str
    messages: tuple[ShownMessage, ...]
    parameters: dict[str, Any]
    json_schema: dict[str, Any] | None = None
    """Schema the reply is held to."""
    n_chars: int
    """Characters in all messages."""
    n_elided: int
    """Turns left out, wholly or in part."""
    n_redacted: int = 0
    """Places replaced by the rules of judge and project."""


def judge_card(judge: Judge) -> JudgeCard:
    """Return a judge at a glance."""
    return JudgeCard(
        name=judge.name,
        kind=judge.kind,
        description=judge.description,
        criterion=judge.criterion,
        further_criteria=judge.further_criteria,
        scale=scale_words(judge.criterion),
        target=judge.target,
        prompt=_prompt_card(judge) if judge.kind == "prompt" else None,
        panel=judge.panel,
        check=judge.check,
        stored=judge.stored,
        redaction=tuple(dict.fromkeys(rule.name for rule in judge.redact)),
        weights=judge.weights,
        lineage_dataset=judge.lineage.dataset,
        n_lineage_units=len(judge.lineage.units),
        calibrated=tuple(
            f"{each.criterion} by {each.method} ({each.words}), from {len(each.units)} units of {each.dataset}"
            for each in judge.calibrations
        ),
        judge_fingerprint=judge.judge_fingerprint,
    )


def shown_request(
    judge: Judge, rendered: Rendered, *, target: str, turn: str | None = None, order: str | None = None
) -> ShownRequest:
    """Return one request as it is sent."""
    request = rendered.request
    messages = tuple(ShownMessage(role=message.role, content=message.content) for message in request.messages)
    return ShownRequest(
        judge=judge.name,
        target=target,
        turn=turn,
        order=order,
        key=request.key,
        model=request.model,
        messages=messages,
        parameters=dict(request.parameters),
        json_schema=dict(request.schema) if request.schema is not None else None,
        n_chars=sum(len(message.content) for message in messages),
        n_elided=rendered.n_elided,
        n_redacted=rendered.n_redacted,
    )


def _prompt_card(judge: Judge) -> PromptCard:
    n_patterns, odds = len(judge.reading.patterns), ", with token probabilities" if judge.reading.probabilities else ""
    return PromptCard(
        model=judge.model,
        engine=judge.engine,
        base_url=judge.base_url,
        parameters=judge.parameters.model_dump(mode="json", exclude_none=True),
        samples=judge.samples,
        combine=judge.combine or "median on an ordered scale, else vote",
        orders=judge.orders if judge.target == "pair" else None,
        reading=judge.reading.method + (f" ({n_patterns} patterns)" if n_patterns else "") + odds,
        max_chars=judge.transcript.max_chars,
        elide=judge.transcript.elide,
        n_rules=len(judge.rules),
        n_demonstrations=len(judge.demonstrations),
        request_fingerprint=judge.request_fingerprint,
    )
