"""Certificate: what a judge has proved against the experts of one dataset, on one criterion, and what voids it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from judgekit.records.probed import Probed
from judgekit.records.record import FORMAT, FormatNumber, Id, Record, Time
from judgekit.stats.estimate import Estimate


class PassRule(Record):
    """What a judge must show on the test split, declared in `dataset.toml` before it is opened; all must hold."""

    min_youden_j: float | None = Field(default=None, ge=-1, le=1)
    """Two levels: the lower bound of J is at least this."""
    min_kappa: float | None = Field(default=None, ge=-1, le=1)
    """The lower bound of kappa (quadratic on ordered levels) is at least this."""
    max_ceiling_gap: float | None = Field(default=None, ge=0)
    """Kappa of rater~others minus kappa of judge~others is at most this, at its upper bound."""
    max_bias: float | None = Field(default=None, ge=0)
    """The whole interval of the bias lies within this, either way; share, or units of the scale."""
    probes: Literal["clean"] | None = None
    """`clean`: this very judge was probed with every probe that it can be asked, and none ever found anything."""
    max_failure_rate: float = Field(default=0.05, ge=0, le=1)
    """The upper bound of the share of outcomes that are failures is at most this."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """One minus the error rate that the first opening halves, the second quarters, and so on."""
    expires_days: int = Field(default=90, ge=1)
    """For how long it holds, in days."""

    @model_validator(mode="after")
    def _asks_for_agreement(self) -> PassRule:
        if self.min_youden_j is None and self.min_kappa is None and self.max_ceiling_gap is None:
            raise ValueError("a rule needs min_youden_j, min_kappa or max_ceiling_gap: agreement is what is certified")
        return self

    @model_serializer(mode="wrap")
    def _without_silence_on_probes(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave `probes` out where it asks for nothing: rules from before there was such a key keep their hash."""
        written: dict[str, Any] = dump(self)
        if self.probes is None:
            written.pop("probes", None)
        return written


CheckName = Literal["youden_j", "kappa", "ceiling_gap", "bias", "failure_rate"]
"""One line of a rule."""


class CertifiedCheck(Record):
    """One line of a rule, held against what was measured."""

    name: CheckName
    metric: str
    """Whose estimate it is."""
    estimate: Estimate
    """One-sided bounds at the level spent are its ends."""
    line: float
    """What was asked."""
    holds: bool
    why: str = ""
    """In words, where it does not."""


class LedgerHead(Record):
    """The last entry of one writer that a certificate rests on."""

    sequence: int
    hash: str


class Certificate(Record):
    """`certificates/<dataset>--<criterion>.json` of a judge."""

    format: FormatNumber = FORMAT
    judge: str
    judge_fingerprint: str
    engine: str | None = None
    model: str | None = None
    dataset: str
    criterion: Id
    criterion_fingerprint: str
    """Of the rubric's criterion as it was."""
    rule: PassRule
    rule_hash: str
    """Fingerprint of the rule; it stands in the ledger with the opening."""
    holds: bool
    """Whether every line of the rule holds."""
    is_provisional: bool
    """Below 100 test labels."""
    checks: tuple[CertifiedCheck, ...]
    n_labels: int
    """Labelled test sessions that were judged or failed."""
    opening: int
    """How often these labels have been looked at for a judge, this time included."""
    level_spent: float
    """Level of the bounds: 1 - (1 - level) / 2^opening."""
    opening_id: Id
    """The ledger's event."""
    ceiling: Estimate | None = None
    """Kappa of rater~others."""
    alt_test: str = ""
    """What the alternative annotator test says, in words; reported, never sufficient by itself."""
    slices: dict[str, Estimate] = {}
    """`field=value` -> agreement there."""
    probes: tuple[str, ...] = ()
    """What probes of this very judge found, in words, or that it was not probed."""
    probed: Probed | None = None
    """What they rest on; None where this very judge was not probed."""
    labels: tuple[Id, ...] = ()
    """Ids of the labels, and of the adjudications, that it rests on."""
    labels_fingerprint: str
    """Over those labels and adjudications as they were."""
    heads: dict[str, LedgerHead] = {}
    """Writer -> the end of the ledger's prefix it rests on."""
    at: Time
    expires: Time
    words: tuple[str, ...] = ()
    """The verdict, for people."""


StandingWord = Literal["valid", "absent", "failed", "changed", "expired", "voided"]
"""`changed`: the judge is another; `voided`: what it rests on was retracted, corrected, adjudicated or reworded."""


class Standing(Record):
    """What a judge's certificate is worth now, for one criterion of one dataset."""

    judge: str
    criterion: Id
    word: StandingWord
    why: str
    """In one sentence."""
    is_provisional: bool = False

    @property
    def is_trusted(self) -> bool:
        """Whether the judge may speak for the experts."""
        return self.word == "valid"


class ShownCertificate(Record):
    """A certificate as `judge show` tells of it."""

    certificate: Certificate
    standing: Standing | None = None
    """What it is worth now; None where its dataset is not at hand."""
