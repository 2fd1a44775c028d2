"""Judge: a template asked of a model, a student, or a panel; with its reading rules and its lineage."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from judgekit.records.record import FORMAT, FormatNumber, Id, Record, fingerprint
from judgekit.records.rubric import Criterion, Value

JudgeKind = Literal["prompt", "student"]
TargetKind = Literal["session", "turn", "pair"]
EngineName = Literal["auto", "openai-compatible", "litellm", "replay", "scripted"]


class Pattern(Record):
    """One row of a regex table: a reply that matches means this value."""

    match: str
    """Python regular expression, searched in the whole reply."""
    value: Value | None = None
    """What it means; None: the first group is the value."""
    status: Literal["ok", "not_applicable", "cannot_judge", "refused"] = "ok"
    """For patterns that mean another answer, or a refusal."""


class Reading(Record):
    """How a reply becomes a verdict."""

    method: Literal["json_schema", "json", "regex"] = "json_schema"
    """`json_schema` asks the engine for a schema; `json` finds an object in the text; `regex` uses `patterns`."""
    patterns: tuple[Pattern, ...] = ()
    """The regex table."""
    wins: Literal["last_match", "first_pattern"] = "last_match"
    """Which of several matches counts: the last in the text, or that of the first pattern that matches at all."""
    value_key: str = "value"
    """JSON key of the value."""
    rationale_key: str = "reasoning"
    """JSON key of the reason."""
    retries: int = Field(default=2, ge=0, le=5)
    """How often an unreadable reply is asked again."""

    @model_validator(mode="after")
    def _has_its_patterns(self) -> Reading:
        if (self.method == "regex") != bool(self.patterns):
            raise ValueError("method regex needs patterns" if not self.patterns else "patterns need method regex")
        return self


class Transcript(Record):
    """How much of a session the judge sees."""

    max_chars: int | None = Field(default=None, gt=0)
    """Longest session text in characters; None: all of it."""
    elide: Literal["refuse", "middle", "tool_results"] = "refuse"
    """What to do above it: fail with `overflow`, leave out middle turns, or shorten tool results then turns."""


class Parameters(Record):
    """What is sent beside the messages."""

    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] | None = None
    extra: dict[str, Any] = {}
    """Whatever else the endpoint takes, sent as it stands."""


class Rule(Record):
    """One distilled rule, as it stands in the prompt."""

    text: str
    """The rule."""
    because: tuple[Id, ...] = ()
    """Labels it was distilled from."""


class Demonstration(Record):
    """One worked example in the prompt."""

    session: Id
    """Which session it shows."""
    text: str
    """What the judge sees of it."""
    value: Value
    """The experts' answer."""
    rationale: str = ""
    """The experts' reason."""


class Lineage(Record):
    """Which labels helped to make a judge: these may not calibrate, certify or correct it."""

    dataset: str | None = None
    """Name of the dataset."""
    units: tuple[str, ...] = ()
    """Groups (or inputs, or sessions where no group is declared) whose labels were used."""
    folds: dict[str, int] = {}
    """Unit -> the fold that was made without it, for cross-fitted judges."""


class Judge(Record):
    """One judge for one criterion, as its folder holds it."""

    format: FormatNumber = FORMAT
    """Version of the file format."""
    name: str
    """The folder's name."""
    kind: JudgeKind = "prompt"
    """What makes the verdicts."""
    description: str = ""
    """One line for people; not part of any fingerprint."""
    criterion: Criterion
    """A copy of the rubric's criterion, scale included: a judge declares none of its own."""
    target: TargetKind = "session"
    """What one verdict is about."""
    model: str | None = None
    """`provider/model`, such as `openai/gpt-4o-mini`; None for a student."""
    engine: EngineName = "auto"
    """`auto`: openai-compatible for `openai/...` or where `base_url` is given, else litellm."""
    base_url: str | None = None
    """Address of an OpenAI-style endpoint, up to and with `/v1`."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key; the key itself is never written anywhere."""
    parameters: Parameters = Parameters()
    samples: int = Field(default=1, ge=1)
    """How often each target is asked."""
    orders: Literal["forward", "both"] = "both"
    """For pairs: as it stands, or both ways round."""
    reading: Reading = Reading()
    transcript: Transcript = Transcript()
    system: str = ""
    """Text of `system.j2`."""
    user: str = ""
    """Text of `user.j2`."""
    rules: tuple[Rule, ...] = ()
    """`rules.jsonl`."""
    demonstrations: tuple[Demonstration, ...] = ()
    """`demonstrations.jsonl`."""
    lineage: Lineage = Lineage()
    """`lineage.json`."""
    weights: str | None = None
    """Fingerprint of a student's weights file; None for a prompt judge."""

    @model_validator(mode="after")
    def _is_whole(self) -> Judge:
        if self.kind == "prompt" and not self.model:
            raise ValueError("a prompt judge needs a model")
        if (self.criterion.scale.type == "preference") != (self.target == "pair"):
            raise ValueError('a preference criterion is judged on pairs (target = "pair"), and only that')
        return self

    @property
    def request_fingerprint(self) -> str:
        """Fingerprint of what is asked: assembled prompt, model, parameters; keys calls."""
        return fingerprint(self._asked())

    @property
    def judge_fingerprint(self) -> str:
        """Fingerprint of what is asked and how it is read; keys certificates."""
        reading = self.reading.model_dump(mode="json")
        return fingerprint({"asked": self._asked(), "reading": reading})

    def _asked(self) -> dict[str, Any]:
        fields = {
            "kind", "criterion", "target", "model", "base_url", "parameters", "samples", "orders", "transcript",
            "system", "user", "rules", "demonstrations", "weights",
        }  # fmt: skip
        return self.model_dump(mode="json", include=fields)
