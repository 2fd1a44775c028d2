"""Invariance probes: what is to be asked of a judge, and what is not, and why. Nothing is sent here.

A probe of `probe_variant.PROBES` has variants, each of which is asked about every target by itself; a target whose
prompt a variant leaves as it was is not asked again, since the old reply would stand in for a new one and flip never.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judgekit.errors import InputError, InvalidRecord, UnknownName
from judgekit.judging.probe_edit import (
    Target,
)
from judgekit.judging.probe_variant import PROBES, RERUN, Probe, Subject, Variant
from judgekit.judging.prompt import PairTarget, Prompter
from judgekit.judging.runner.interview import tasks
from judgekit.judging.template import PromptTooLong
from judgekit.judging.transcript import TranscriptOverflow
from judgekit.records.judge import Judge, Paraphrase
from judgekit.records.rubric import Value
from judgekit.records.verdict import Failure, Verdict

if TYPE_CHECKING:
    pass

FEWEST = 10
"""Targets below which a variant is not worth its price, since nothing could be said of it."""
SWAPPED: Mapping[object, Value] = {"first": "second", "second": "first"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one judge at once.

    Attributes:
        name: A name for files: the probe's and the variant's.
        judge: Who is asked.
        targets: About what.
        variant: What was changed; None for the baseline with its reruns.
        dropped: Cause -> drawn targets that are not asked.
    """

    name: str
    judge: Judge
    targets: tuple[Target, ...]
    variant: Variant | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Probing:
    """All that is to be asked, and what is not.

    Attributes:
        subject: Who is probed.
        n_reruns: Askings again beside the first.
        questions: The baseline first, then every variant.
        skipped: Probe, or probe and variant -> why it is not asked.
        judge_fingerprint: Of the judge as it was given: pairs are asked about in one order, whatever it does itself.
    """

    subject: Subject
    n_reruns: int
    questions: tuple[Question, ...]
    skipped: Mapping[str, str]
    judge_fingerprint: str


def prepared(
    judge: Judge,
    targets: Sequence[Target],
    *,
    names: Iterable[str] = (),
    n_reruns: int = 2,
    paraphrases: Sequence[Paraphrase] = (),
) -> Probing:
    """Return what is to be asked of a judge.

    Args:
        judge: A judge that asks a model, or a student.
        targets: Those that were drawn.
        names: Probes wanted; empty: all. The reruns are always asked.
        n_reruns: Askings again beside the first.
        paraphrases: Other words for the judge's rubric.

    Raises:
        UnknownName: There is no such probe.
        InputError: The judge is of another kind, or what is wanted by name cannot be asked.
        InvalidRecord: A paraphrase is of no part of the rubric, or a template is wrong.
    """
    if judge.kind not in ("prompt", "student"):
        hint = "Probe the judges that it is made of" if judge.kind == "panel" else "It cannot be asked again"
        raise InputError(f"a {judge.kind} judge is not probed", where=judge.name, hint=hint)
    wanted = _known(names)
    once = judge.model_copy(update={"orders": "forward"})
    subject = Subject(once, _checked(judge, paraphrases))
    again = once.model_copy(update={"samples": judge.samples * (1 + n_reruns)})
    shown = _shown(once, targets)
    questions = [Question(RERUN, again, tuple(targets))]
    skipped: dict[str, str] = {}
    for probe in wanted:
        variants = probe.variants(subject)
        if not variants and probe.name != RERUN:
            skipped[probe.name] = f"it needs {probe.needs}"
        for variant in variants:
            question = _question(variant, targets, shown)
            if len(question.targets) < min(FEWEST, len(targets)):
                skipped[f"{probe.name}, {words_of(variant.name)}"] = _why_few(question, len(targets))
            else:
                questions.append(question)
    asked_for = set(names) - {RERUN}
    if asked_for and len(questions) == 1:
        name, why = next(iter(skipped.items()))
        raise InputError(f"nothing to ask: {name} is left out, {why}", where=judge.name, hint="Choose another --probe")
    return Probing(subject, n_reruns, tuple(questions), skipped, judge.judge_fingerprint)


def in_own_order(outcome: Verdict | Failure, variant: Variant | None) -> Verdict | Failure:
    """Return an outcome in the pair's own order, where the variant exchanged its sessions."""
    if variant is None or not variant.is_swapped or not isinstance(outcome, Verdict):
        return outcome
    return outcome.model_copy(update={"value": SWAPPED.get(outcome.value, outcome.value)})


def words_of(name: str) -> str:
    """Return a variant's name in words."""
    return name.replace("_", " ")


def _known(names: Iterable[str]) -> list[Probe]:
    asked = set(names)
    known = [probe.name for probe in PROBES]
    for name in sorted(asked):
        if name not in known:
            raise UnknownName("probe", name, known)
    return [probe for probe in PROBES if not asked or probe.name in asked]


def _checked(judge: Judge, paraphrases: Sequence[Paraphrase]) -> tuple[Paraphrase, ...]:
    criteria = {criterion.id: criterion for criterion in judge.criteria}
    for number, each in enumerate(paraphrases, 1):
        where = f"paraphrases.jsonl:{number}"
        criterion = criteria.get(each.criterion or judge.criterion.id)
        if criterion is None:
            raise UnknownName("criterion", each.criterion or "", criteria, where=where)
        known = ["question", *(f"anchor:{level}" for level in criterion.anchors)]
        if each.field not in known:
            raise UnknownName("field", each.field, known, where=where)
        if not each.text.strip():
            raise InvalidRecord(
                "the text is empty", where=where, hint="Say the same in other words, or delete the line"
            )
    return tuple(paraphrases)


def _question(variant: Variant, targets: Sequence[Target], shown: Mapping[str, object]) -> Question:
    edited: list[Target] = []
    n_unfit = 0
    for target in targets:
        changed = variant.edit(target)
        if changed is None:
            n_unfit += 1
        else:
            edited.append(changed)
    now = _shown(variant.judge, edited)
    kept = tuple(target for target in edited if now[_name(target)] != shown[_name(target)])
    dropped = {"nothing_to_change": n_unfit, "prompt_unchanged": len(edited) - len(kept)}
    name = f"{variant.probe}-{variant.name}"
    return Question(name, variant.judge, kept, variant, {cause: n for cause, n in dropped.items() if n})


def _why_few(question: Question, n_targets: int) -> str:
    n = len(question.targets)
    if question.dropped.get("prompt_unchanged") == n_targets:
        return "the templates show nothing of what it changes"
    return f"{n or 'none'} of {n_targets} drawn has what it changes" + (f", and {FEWEST} are the fewest" if n else "")


def _shown(judge: Judge, targets: Sequence[Target]) -> dict[str, object]:
    """Return what is asked about each target, by its id: request keys, or for a student the target itself."""
    if judge.kind != "prompt":
        return {_name(target): target for target in targets}
    prompter = Prompter(judge)
    return {_name(target): _keys(prompter, judge, target) for target in targets}


def _keys(prompter: Prompter, judge: Judge, target: Target) -> tuple[str, ...]:
    found = []
    for task in tasks(judge.model_copy(update={"samples": 1}), [target]):
        try:
            found.append(prompter.request(target, turn=task.turn, order=task.order).request.key)
        except (TranscriptOverflow, PromptTooLong) as overflow:
            found.append(f"overflow {overflow}")
    return tuple(found)


def _name(target: Target) -> str:
    return target.pair.id if isinstance(target, PairTarget) else target.id
