"""Judge: a template asked of a model, a student, a panel, a check or stored verdicts; with its lineage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, model_validator

from judgekit.records.calibration import Calibration
from judgekit.records.judge_kind import Check, Panel, Stored
from judgekit.records.record import FORMAT, FormatNumber, Id, Record, fingerprint
from judgekit.records.redaction import Redaction
from judgekit.records.rubric import Criterion, Value

JudgeKind = Literal["prompt", "panel", "student", "check", "stored"]
TargetKind = Literal["session", "turn", "pair"]
EngineName = Literal["auto", "openai-compatible", "litellm", "replay", "scripted"]
Combine = Literal["mean", "median", "vote"]
"""How several samples become one."""


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
    probabilities: bool = False
    """Whether the odds of the value's token are asked for: verdicts then carry a distribution and an expected score."""
    fallback_samples: int = Field(default=8, ge=2, le=64)
    """Further samples of each request whose shares stand for the odds, where the engine gives none."""

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


class Paraphrase(Record):
    """Other words for one part of the rubric, meant to say the same: a row of `paraphrases.jsonl`."""

    field: str
    """`question`, or `anchor:LEVEL`."""
    text: str
    """The other words."""
    criterion: Id | None = None
    """Whose part it is, for a judge of several criteria; None: of the first."""


class Calibrated(Record):
    """Whose labels a judge was calibrated with."""

    dataset: str
    """Name of the dataset."""
    units: tuple[str, ...]
    """Groups (or inputs, or sessions where no group is declared) whose labels were used."""


class Lineage(Record):
    """Which labels helped to make a judge: these may not calibrate, certify or correct it."""

    dataset: str | None = None
    """Name of the dataset."""
    units: tuple[str, ...] = ()
    """Groups (or inputs, or sessions where no group is declared) whose labels were used."""
    folds: dict[str, int] = {}
    """Unit -> the fold that was made without it, for cross-fitted judges."""
    calibrated: tuple[Calibrated, ...] = ()
    """Labels that calibrated the verdicts, which no fold was made without; filled where a run is written."""
    shown: tuple[Id, ...] = ()
    """Sessions that the prompt shows as demonstrations, whoever wrote them there; filled likewise."""
    because: tuple[Id, ...] = ()
    """Labels that the prompt's rules rest on; filled likewise."""

    def barred(self, dataset: str) -> set[str]:
        """Return the units of a dataset that may not testify: their labels shaped the verdicts, in every fold."""
        made = set(self.units) - set(self.folds) if self.dataset in (None, dataset) else set()
        return made.union(*(each.units for each in self.calibrated if each.dataset == dataset))


class Judge(Record):
    """One judge for one criterion, or for several that it answers in one reply, as its folder holds it."""

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
    further_criteria: tuple[Criterion, ...] = ()
    """Copies of other criteria that are answered in the same reply."""
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
    combine: Combine | None = None
    """How analysis makes one of several samples; None: their median on an ordered scale, else their vote."""
    orders: Literal["forward", "both"] = "both"
    """For pairs: as it stands, or both ways round."""
    levels_from: Literal["lowest", "highest"] = "lowest"
    """Which end of the scale the prompt lists first."""
    reading: Reading = Reading()
    transcript: Transcript = Transcript()
    redact: tuple[Redaction, ...] = ()
    """What is taken out of sessions and demonstrations before anything is sent."""
    panel: Panel | None = None
    """Members and rule of a panel."""
    check: Check | None = None
    """Function and options of a check."""
    stored: Stored | None = None
    """Where a stored judge's verdicts are."""
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
    members: dict[str, str] = {}
    """A panel's members: name -> judge_fingerprint, as their folders are now."""
    verdicts: str | None = None
    """Fingerprint of a stored judge's verdicts file."""
    calibrations: tuple[Calibration, ...] = ()
    """`calibration.json`: what takes its verdicts to the experts' labels, a criterion each."""

    @model_validator(mode="before")
    @classmethod
    def _fill_stored(cls, data: object) -> object:
        """A file that says nothing of where stored verdicts are means the usual place."""
        if isinstance(data, dict) and data.get("kind") == "stored" and "stored" not in data:
            return {**data, "stored": {}}
        return data

    @model_validator(mode="after")
    def _is_whole(self) -> Judge:
        if self.kind == "prompt" and not self.model:
            raise ValueError("a prompt judge needs a model")
        for part in ("panel", "check", "stored"):
            if (getattr(self, part) is not None) != (self.kind == part):
                told = f"a {part} judge needs [{part}]" if self.kind == part else f'[{part}] needs kind = "{part}"'
                raise ValueError(told)
        if self.kind != "prompt" and self.redact:
            raise ValueError(f"a {self.kind} judge sends nothing itself; [[redact]] belongs to judges that ask a model")
        if self.kind in ("panel", "check", "stored") and self.samples != 1:
            raise ValueError(f"a {self.kind} judge is asked once; samples are for judges that ask a model")
        if any((criterion.scale.type == "preference") != (self.target == "pair") for criterion in self.criteria):
            raise ValueError('a preference criterion is judged on pairs (target = "pair"), and only that')
        return self

    @model_validator(mode="after")
    def _can_answer_all(self) -> Judge:
        if not self.further_criteria:
            return self
        ids = [criterion.id for criterion in self.criteria]
        repeated = next((name for name in ids if ids.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"criterion {repeated!r} occurs twice")
        if self.kind != "prompt":
            raise ValueError(f"a {self.kind} judge answers one criterion; further_criteria are for prompt judges")
        if self.reading.method == "regex":
            raise ValueError("regex patterns read one criterion; with further_criteria use method json_schema or json")
        return self

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """All that one reply answers, in the order asked."""
        return (self.criterion, *self.further_criteria)

    @property
    def request_fingerprint(self) -> str:
        """Fingerprint of what is asked: assembled prompt, model, parameters; keys calls."""
        return fingerprint(self._asked())

    @property
    def judge_fingerprint(self) -> str:
        """Fingerprint of what is asked, how it is read and how that is calibrated; keys certificates."""
        if not self.calibrations:
            return self.raw_fingerprint
        applied = sorted(each.fingerprint() for each in self.calibrations)
        return fingerprint({"raw": self.raw_fingerprint, "calibrations": applied})

    @property
    def raw_fingerprint(self) -> str:
        """Fingerprint of the judge before any calibration: what is asked and how it is read."""
        reading = self.reading.model_dump(mode="json", exclude=_set_as_ever(self.reading, _LATER_IN_READING))
        combined: dict[str, Any] = {"combine": self.combine} if self.combine is not None else {}
        if self.panel is not None:
            combined["panel"] = self.panel.model_dump(mode="json", exclude={"members"})
        return fingerprint({"asked": self._asked(), "reading": reading, **combined})

    @property
    def verdict_lineage(self) -> Lineage:
        """The lineage of its verdicts: labels that made the judge, by its list and by its prompt, or calibrate it."""
        found: dict[str, Any] = {
            "calibrated": tuple(Calibrated(dataset=each.dataset, units=each.units) for each in self.calibrations),
            "shown": _all(self.lineage.shown, (each.session for each in self.demonstrations)),
            "because": _all(self.lineage.because, (label for each in self.rules for label in each.because)),
        }
        used = {name: each for name, each in found.items() if each}
        return self.lineage.model_copy(update=used) if used else self.lineage

    def _asked(self) -> dict[str, Any]:
        fields = {
            "kind", "criterion", "target", "model", "base_url", "parameters", "samples", "orders", "transcript",
            "system", "user", "rules", "demonstrations", "weights",
        }  # fmt: skip
        asked = self.model_dump(mode="json", include=fields)
        if self.further_criteria:
            asked["further_criteria"] = [criterion.model_dump(mode="json") for criterion in self.further_criteria]
        if self.reading.probabilities:
            asked["probabilities"] = self.reading.fallback_samples
        return asked | self.model_dump(mode="json", include={*_LATER}, exclude_defaults=True)


_LATER = frozenset({"levels_from", "redact", "check", "members", "verdicts"})
_LATER_IN_READING = frozenset({"probabilities", "fallback_samples"})
"""Keys that older judges lack: they stand in a fingerprint only where they say something."""


def _all(*given: Iterable[str]) -> tuple[str, ...]:
    """Return each of some ids once, in order."""
    return tuple(sorted({each for some in given for each in some}))


def _set_as_ever(record: Record, names: frozenset[str]) -> set[str]:
    """Return those of the names that have their default in a record."""
    return {name for name in names if getattr(record, name) == type(record).model_fields[name].default}
