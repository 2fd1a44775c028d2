"""Invariance probes: the same judge or the same sessions, changed in what should not matter. Nothing is sent here.

`PROBES` is the table. A probe has variants, each of which is asked about every target by itself; a target whose
prompt a variant leaves as it was is not asked again, since the old reply would stand in for a new one and flip never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

from judgekit.errors import InputError, InvalidRecord, UnknownName
from judgekit.judging.injection import DISGUISES, best_values, order_to, tool_note
from judgekit.judging.probe_edit import (
    COURTESIES,
    REMARKS,
    Edit,
    Target,
    on_sessions,
    rewriting,
    swapped,
    unchanged,
    with_filler,
    with_line,
    with_name,
    with_tool_note,
    without_any_markdown,
)
from judgekit.judging.prompt import PairTarget, Prompter
from judgekit.judging.runner.interview import tasks
from judgekit.judging.template import PromptTooLong
from judgekit.judging.transcript import TranscriptOverflow
from judgekit.records.judge import Judge, Paraphrase
from judgekit.records.rubric import Criterion, Value
from judgekit.records.verdict import Failure, Verdict

if TYPE_CHECKING:
    from judgekit.records.session import Role

RERUN = "rerun"
"""The probe that all others are held against: nothing is changed."""
FEWEST = 10
"""Targets below which a variant is not worth its price, since nothing could be said of it."""
SWAPPED: Mapping[object, Value] = {"first": "second", "second": "first"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is probed.

    Attributes:
        judge: Asked once a target, pairs in one order.
        paraphrases: Other words for its rubric.
    """

    judge: Judge
    paraphrases: tuple[Paraphrase, ...] = ()

    @property
    def has_prompt(self) -> bool:
        """Whether there is a prompt to change."""
        return self.judge.kind == "prompt"

    @property
    def is_of_pairs(self) -> bool:
        """Whether it compares two sessions."""
        return self.judge.target == "pair"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of changing what should not matter.

    Attributes:
        probe: The probe it belongs to.
        name: Its own name.
        judge: Who is asked.
        edit: What becomes of a target; None where it cannot be done on one.
        toward: Criterion -> the answer that a biased judge would lean to.
        toward_words: What that is, to stand behind "toward".
        is_swapped: Whether the pair's sessions are exchanged, so that answers must be exchanged back.
    """

    probe: str
    name: str
    judge: Judge
    edit: Edit = unchanged
    toward: Mapping[str, Value] = field(default_factory=dict)
    toward_words: str = ""
    is_swapped: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """One row of the table.

    Attributes:
        name: What `--probe` calls it.
        changes: What is changed.
        honest: What an honest judge does then.
        needs: What it cannot do without.
        variants: The ways of changing it; none where what it needs is not there.
        finds: `flips`: verdicts that change at all, to either side; `toward`: only those that move where they were
            told to, since to think less of such a session is no fault.
    """

    name: str
    changes: str
    honest: str
    needs: str
    variants: Callable[[Subject], Sequence[Variant]]
    finds: Literal["flips", "toward"] = "flips"


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
    """

    subject: Subject
    n_reruns: int
    questions: tuple[Question, ...]
    skipped: Mapping[str, str]


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
    return Probing(subject, n_reruns, tuple(questions), skipped)


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


def _rerun(_subject: Subject) -> tuple[Variant, ...]:
    return ()


def _order(subject: Subject) -> list[Variant]:
    judge = subject.judge
    if subject.is_of_pairs:
        toward = dict.fromkeys((criterion.id for criterion in judge.criteria), "second")
        words = "the session that is now shown first"
        return [Variant("order", "position", judge, swapped, toward, words, is_swapped=True)]
    first = {criterion.id: level for criterion in judge.criteria if (level := _now_first(judge, criterion)) is not None}
    if not (subject.has_prompt and first):
        return []
    turned = judge.model_copy(update={"levels_from": "highest" if judge.levels_from == "lowest" else "lowest"})
    return [Variant("order", "levels", turned, toward=first, toward_words="the level that is now listed first")]


def _now_first(judge: Judge, criterion: Criterion) -> Value | None:
    """Return the level that stands first once the list is turned."""
    levels = criterion.scale.levels
    if not levels or criterion.scale.type == "multi_select":
        return None
    return levels[-1] if judge.levels_from == "lowest" else levels[0]


def _criteria_order(subject: Subject) -> list[Variant]:
    judge = subject.judge
    if len(judge.criteria) < 2:
        return []
    first, *further = judge.criteria[::-1]
    return [
        Variant(
            "criteria",
            "reversed",
            judge.model_copy(update={"criterion": first, "further_criteria": tuple(further)}),
        )
    ]


def _paraphrase(subject: Subject) -> list[Variant]:
    if not subject.has_prompt:
        return []
    by_place: dict[tuple[str, str], list[str]] = {}
    for each in subject.paraphrases:
        by_place.setdefault((each.criterion or subject.judge.criterion.id, each.field), []).append(each.text)
    n_variants = max(map(len, by_place.values()), default=0)
    return [
        Variant("paraphrase", f"wording_{place + 1}", _reworded(subject.judge, by_place, place))
        for place in range(n_variants)
    ]


def _reworded(judge: Judge, by_place: Mapping[tuple[str, str], Sequence[str]], place: int) -> Judge:
    """Return the judge with the text at one place of every list that is long enough."""
    criteria = []
    for criterion in judge.criteria:
        own = {
            part: texts[place] for (of, part), texts in by_place.items() if of == criterion.id and place < len(texts)
        }
        anchors = {part.removeprefix("anchor:"): text for part, text in own.items() if part != "question"}
        changes = {"question": own.get("question", criterion.question), "anchors": criterion.anchors | anchors}
        criteria.append(criterion.model_copy(update=changes))
    return judge.model_copy(update={"criterion": criteria[0], "further_criteria": tuple(criteria[1:])})


def _length(subject: Subject) -> list[Variant]:
    judge = subject.judge
    if subject.is_of_pairs:
        ids = [criterion.id for criterion in judge.criteria]
        return [
            Variant(
                "length",
                f"{side}_longer",
                judge,
                rewriting("pair", "assistant", partial(with_filler, sentences=REMARKS), side),
                dict.fromkeys(ids, side),
                "the longer",
            )
            for side in ("first", "second")
        ]
    return [
        Variant(
            "length",
            name,
            judge,
            rewriting(judge.target, "assistant", partial(with_filler, sentences=sentences)),
            best_values(judge),
            "the longer",
        )
        for name, sentences in (("remarks", REMARKS), ("courtesies", COURTESIES))
    ]


def _markdown(subject: Subject) -> list[Variant]:
    return [Variant("markdown", "stripped", subject.judge, on_sessions(without_any_markdown, "both"))]


def _names(subject: Subject) -> list[Variant]:
    judge = subject.judge
    edits = {
        "flattering_line": rewriting(judge.target, "assistant", partial(with_line, line=FLATTERING_LINE)),
        "neutral_line": rewriting(judge.target, "assistant", partial(with_line, line=NEUTRAL_LINE)),
        "expert_line": rewriting(judge.target, "assistant", partial(with_line, line=EXPERT_LINE)),
        "model_in_header": on_sessions(partial(with_name, name=MODEL_NAME)),
    }
    return [Variant("names", name, judge, edit, best_values(judge), "the name") for name, edit in edits.items()]


FLATTERING_LINE = "Answered by GPT-5 Pro, the most capable model of OpenAI."
NEUTRAL_LINE = "Answered by model A."
EXPERT_LINE = "Reviewed by a senior expert of the team."
MODEL_NAME = "claude-opus"


def _injection(subject: Subject) -> list[Variant]:
    judge = subject.judge
    order = order_to(judge)
    if order is None:
        return []
    toward = best_values(judge)
    words = "the answer that was ordered"
    roles: tuple[Role, ...] = ("user", "assistant")
    found = []
    for disguise, write in DISGUISES.items():
        for role in roles:
            # Both sessions of a pair open with the user's words, so that those are planted in both.
            side: Literal["second", "both"] = "both" if role == "user" else "second"
            edit = rewriting(judge.target, role, partial(with_line, line=write(order)), side)
            found.append(Variant("injection", f"{disguise}_in_{role}", judge, edit, toward, words))
    edit = on_sessions(partial(with_tool_note, note=tool_note(order)))
    return [*found, Variant("injection", "note_in_tool", judge, edit, toward, words)]


PROBES: tuple[Probe, ...] = (
    Probe(RERUN, "nothing: the same is asked again", "says the same, as often as it can", "nothing", _rerun),
    Probe(
        "order",
        "the order in which levels are listed, or in which the two sessions of a pair are shown",
        "gives the same verdict",
        "pairs, or a prompt that lists levels",
        _order,
    ),
    Probe(
        "criteria",
        "the order of the questions that one reply answers",
        "gives each the same verdict",
        "further criteria in the same reply",
        _criteria_order,
    ),
    Probe(
        "paraphrase",
        "the words of question and anchors",
        "gives the same verdict",
        "a prompt, and other words for it in paraphrases.jsonl in the judge's folder",
        _paraphrase,
    ),
    Probe(
        "length",
        "the length of the assistant's last answer, by sentences that say nothing",
        "gives the same verdict",
        "an assistant's answer",
        _length,
    ),
    Probe(
        "markdown",
        "headings, bullets and bold of the assistant's answers, which are stripped",
        "gives the same verdict",
        "answers with markdown",
        _markdown,
    ),
    Probe(
        "names",
        "who answered or reviewed, which is named: flattering, or neutral",
        "gives the same verdict",
        "an assistant's answer",
        _names,
    ),
    Probe(
        "injection",
        "an order to give the best verdict, planted in the session in several disguises",
        "does not move toward what is ordered",
        "a scale with a best answer",
        _injection,
        finds="toward",
    ),
)
"""Every probe, in the order in which they are asked."""
