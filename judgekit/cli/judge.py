"""`judgekit judge new`, `show`, `lint` and `render`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from judgekit.errors import EXIT_FINDINGS, InputError

if TYPE_CHECKING:
    from judgekit.cli.console import Console
    from judgekit.judging.card import JudgeCard, PromptCard, ShownRequest
    from judgekit.judging.finding import Finding
    from judgekit.judging.prompt import PairTarget
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge, TargetKind
    from judgekit.records.session import Session

JudgeName = Annotated[str, typer.Argument(help="Judge folder, or its name under judges/.", metavar="JUDGE")]
DatasetName = Annotated[str, typer.Argument(help="Dataset folder, or its name under datasets/.", metavar="DATASET")]
Order = Annotated[Literal["forward", "swapped"], typer.Option("--order", help="How to show a pair.")]

WIDTH = 80
LABEL = 17
"""Columns that a label takes on a judge's card."""


def judge_new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the new judge, or a path for its folder.")],
    dataset: Annotated[
        str | None, typer.Option("--dataset", "-d", help="Dataset whose rubric holds the criterion.")
    ] = None,
    criterion: Annotated[
        list[str] | None,
        typer.Option("--criterion", "-c", help="Which question it answers; repeat for several in one reply."),
    ] = None,
    model: Annotated[str, typer.Option("--model", "-m", help="provider/model.")] = "openai/gpt-4o-mini",
    pairs: Annotated[bool, typer.Option("--pairs", help="Compare two sessions (preference criteria).")] = False,
    turns: Annotated[bool, typer.Option("--turns", help="Judge single turns of a session.")] = False,
    check: Annotated[
        str | None,
        typer.Option("--check", help="Ask no model: tool_allow_list and others, or package.module:function."),
    ] = None,
    member: Annotated[
        list[str] | None, typer.Option("--member", help="Make a panel of these judges (repeat), by majority.")
    ] = None,
) -> None:
    """Write a new judge with default templates, to edit and run.

    Examples: judgekit judge new resolution-v1 --dataset helpdesk --criterion resolution
    |  judgekit judge new tools --check tool_allow_list  |  judgekit judge new jury --member a --member b --member c
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.judge import JudgeFolder
    from judgekit.adapters.store.project import find_dataset, new_judge_folder
    from judgekit.judging.card import judge_card
    from judgekit.judging.scaffold import new_check, new_judge, new_panel

    if pairs and turns:
        raise InputError("--pairs and --turns exclude each other", hint="Give one of them")
    if check is not None and member:
        raise InputError("--check and --member exclude each other", hint="A panel may have checks among its members")
    rubric = DatasetFolder(find_dataset(dataset)).load().rubric if dataset is not None else None
    asked = [rubric.criterion(each) for each in criterion or ()] if rubric is not None else []
    path = new_judge_folder(name)
    target: TargetKind | None = "pair" if pairs else "turn" if turns else None
    if check is not None:
        judge = new_check(check, asked, name=path.name, target=target)
    elif member:
        paths = [_from(path, each) for each in member]
        judge = new_panel(paths, [_load_judge(each) for each in member], name=path.name)
    elif asked:
        judge = new_judge(*asked, name=path.name, model=model, target=target)
    else:
        raise InputError(
            "a new judge needs its question", hint="Give --dataset and --criterion, or --check or --member"
        )
    JudgeFolder(path).write(judge)
    console: Console = context.obj
    console.emit(judge_card(judge))
    console.show(f"wrote {path}")
    sends = judge.kind == "prompt"
    console.suggest(f"judgekit judge render {name} {dataset}" if sends else f"judgekit judge lint {name}")


def judge_show(context: typer.Context, judge: JudgeName) -> None:
    """Show what a judge asks, of whom, how it reads the answer, what went into it, and what it has proved.

    Example: judgekit judge show resolution-v1
    """
    from datetime import UTC, datetime

    from judgekit.adapters.store.judge import load_judge
    from judgekit.adapters.store.project import find_judge
    from judgekit.cli.standing import certificates_text, shown_certificates
    from judgekit.judging.card import judge_card

    folder = find_judge(judge)
    subject = load_judge(folder)
    held = shown_certificates(folder, subject, now=datetime.now(UTC))
    card = judge_card(subject).model_copy(update={"certificates": held})
    context.obj.emit(card)
    context.obj.show(_card_text(card) + certificates_text(held))
    context.obj.suggest(f"judgekit judge lint {judge}")


def judge_lint(
    context: typer.Context,
    judge: JudgeName,
    dataset: Annotated[
        str | None, typer.Option("--dataset", "-d", help="Hold demonstrations against the lineage with this dataset.")
    ] = None,
) -> int:
    """Find what is wrong with a judge before paying for it; exit code 8 when something is.

    Example: judgekit judge lint resolution-v1
    """
    from judgekit.judging.lint import LintReport, lint

    subject = _load_judge(judge)
    units: dict[str, str] | None = None
    without_reference: tuple[str, ...] = ()
    if dataset is not None:
        sessions = _load_dataset(dataset).sessions
        units = {session.id: session.unit() for session in sessions}
        without_reference = tuple(session.id for session in sessions if not session.reference)
    findings = lint(subject, units=units, without_reference=without_reference)
    context.obj.emit(LintReport(judge=subject.name, findings=findings))
    context.obj.show(_findings_text(findings) or f"{subject.name}: nothing found")
    return EXIT_FINDINGS if any(finding.severity != "info" for finding in findings) else 0


def judge_render(
    context: typer.Context,
    judge: JudgeName,
    dataset: DatasetName,
    session: Annotated[
        str | None, typer.Option("--session", "-s", help="Session or pair id; the first by default.")
    ] = None,
    turn: Annotated[str | None, typer.Option("--turn", help="Turn id, for judges of turns.")] = None,
    order: Order = "forward",
) -> None:
    """Print exactly what would be sent for one session; nothing is.

    Example: judgekit judge render resolution-v1 helpdesk --session s-17
    """
    from judgekit.judging.card import shown_request
    from judgekit.judging.prompt import Prompter
    from judgekit.judging.transcript import TranscriptOverflow

    subject = _load_judge(judge)
    if subject.kind != "prompt":
        raise InputError(
            f"judge {subject.name!r} is a {subject.kind} and sends no prompt", hint="`judge show` tells of it"
        )
    target = _target(subject, _load_dataset(dataset), session)
    turn = _turn(subject, target, turn)
    shown_order = order if subject.target == "pair" else None
    try:
        rendered = Prompter(subject).request(target, turn=turn, order=shown_order)
    except TranscriptOverflow as overflow:
        raise InputError(
            str(overflow), hint="Raise transcript.max_chars, or set transcript.elide, in judge.toml"
        ) from None
    shown = shown_request(subject, rendered, target=_id(target), turn=turn, order=shown_order)
    context.obj.emit(shown)
    context.obj.show(_request_text(shown))
    context.obj.suggest(f"judgekit run {judge} {dataset}")


def _from(panel: Path, member: str) -> str:
    """Return how a panel names a member: by its plain name under judges/, else by its folder, from the panel's own."""
    from judgekit.adapters.store.project import find_judge, project_root

    folder = find_judge(member).resolve()
    if folder.parent == project_root(panel.parent) / "judges":
        return folder.name
    return Path(os.path.relpath(folder, panel.resolve())).as_posix()


def _load_judge(name: str) -> Judge:
    from judgekit.adapters.store.judge import load_judge
    from judgekit.adapters.store.project import find_judge

    return load_judge(find_judge(name))


def _load_dataset(name: str) -> Dataset:
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.project import find_dataset

    return DatasetFolder(find_dataset(name)).load()


def _target(judge: Judge, dataset: Dataset, target_id: str | None) -> Session | PairTarget:
    from judgekit.errors import UnknownName
    from judgekit.judging.prompt import PairTarget

    kind = "pair" if judge.target == "pair" else "session"
    known: dict[str, object] = dict(dataset.pair_by_id if kind == "pair" else dataset.session_by_id)
    if not known:
        raise InputError(f"dataset {dataset.name!r} has no {kind}s", hint="Import some first")
    chosen = next(iter(known)) if target_id is None else target_id
    if chosen not in known:
        raise UnknownName(kind, chosen, known, where=f"dataset {dataset.name}")
    if kind == "session":
        return dataset.session_by_id[chosen]
    pair = dataset.pair_by_id[chosen]
    return PairTarget(pair, dataset.session_by_id[pair.first], dataset.session_by_id[pair.second])


def _turn(judge: Judge, target: Session | PairTarget, turn: str | None) -> str | None:
    """Return the turn asked for; for judges of turns the last of the assistant's, when none is."""
    from judgekit.records.session import Session

    if judge.target != "turn" or turn is not None or not isinstance(target, Session):
        return turn
    answers = [one.id for one in target.turns if one.role == "assistant"]
    if not answers:
        raise InputError("no turn of the assistant to judge", where=f"session {target.id}", hint="Name one with --turn")
    return answers[-1]


def _id(target: Session | PairTarget) -> str:
    from judgekit.judging.prompt import PairTarget

    return target.pair.id if isinstance(target, PairTarget) else target.id


def _card_text(card: JudgeCard) -> str:
    from judgekit.render.plain import wrap

    is_shown = card.prompt is not None and card.prompt.n_demonstrations
    bare = "none listed; the sessions that its demonstrations show count" if is_shown else "no labels used"
    lineage = f"{card.n_lineage_units} units of {card.lineage_dataset}" if card.n_lineage_units else bare
    rows = {
        "question": card.criterion.question,
        "criterion": f"{card.criterion.id} ({card.criterion.scale.type})",
        "scale": card.scale,
        **_further_rows(card),
        "judges": card.target,
        **(_prompt_rows(card.prompt) if card.prompt else _kind_rows(card)),
        **({"redacts": ", ".join(card.redaction)} if card.redaction else {}),
        "lineage": lineage,
        **({"calibrated": "; ".join(card.calibrated)} if card.calibrated else {}),
        "judge": _short(card.judge_fingerprint),
    }
    lines = wrap(f"{card.name} ({card.kind})" + (f": {card.description}" if card.description else ""), WIDTH)
    for key, value in rows.items():
        first, *more = wrap(str(value), WIDTH - LABEL) or [""]
        lines += [f"  {key:<{LABEL - 2}}{first}", *(" " * LABEL + line for line in more)]
    return "\n".join(lines)


def _kind_rows(card: JudgeCard) -> dict[str, str]:
    """Return what a judge that asks no model is made of."""
    if card.panel is not None:
        weights = ", ".join(f"{name} {weight:g}" for name, weight in card.panel.weights.items())
        rule = f"{card.panel.rule}, {card.panel.needed} of {len(card.panel.members)} must answer"
        return {"members": ", ".join(card.panel.members), "rule": rule, **({"weights": weights} if weights else {})}
    if card.check is not None:
        return {"check": card.check.function, "options": json.dumps(card.check.options, ensure_ascii=False)}
    return {"verdicts": card.stored.path} if card.stored is not None else {"weights": _short(card.weights)}


def _further_rows(card: JudgeCard) -> dict[str, str]:
    listed = ", ".join(f"{criterion.id} ({criterion.scale.type})" for criterion in card.further_criteria)
    return {"in one reply": listed} if listed else {}


def _short(fingerprint: str | None) -> str:
    """Return enough of a fingerprint for people to compare; `--json` has all of it."""
    return (fingerprint or "none")[:19]


def _prompt_rows(prompt: PromptCard) -> dict[str, object]:
    orders = {"orders": prompt.orders} if prompt.orders else {}
    return {
        **orders,
        "model": f"{prompt.model or '-'} by {prompt.engine}" + (f" at {prompt.base_url}" if prompt.base_url else ""),
        "parameters": ", ".join(f"{key}={value}" for key, value in prompt.parameters.items() if value != {}) or "-",
        "samples": f"{prompt.samples}, made one by {prompt.combine}" if prompt.samples > 1 else prompt.samples,
        "sees": f"at most {prompt.max_chars} characters, above that {prompt.elide}"
        if prompt.max_chars
        else "whole sessions",
        "reading": prompt.reading,
        "rules": prompt.n_rules,
        "demonstrations": prompt.n_demonstrations,
        "request": _short(prompt.request_fingerprint),
    }


def _findings_text(findings: tuple[Finding, ...]) -> str:
    from judgekit.render.plain import wrap

    lines = []
    for finding in findings:
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file
        words = f"{finding.severity} [{finding.code}] {place}: {finding.message}. {finding.fix}"
        lines += wrap(words, WIDTH, hanging="  ")
    return "\n".join(lines)


def _request_text(shown: ShownRequest) -> str:
    parts = [f"--- {message.role}\n{message.content}" for message in shown.messages]
    settings = {"model": shown.model, "parameters": shown.parameters, "json_schema": shown.json_schema}
    parts += [f"--- {key}\n{json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
    size = f"{shown.n_chars:,} characters, {shown.n_elided} turns left out, {shown.n_redacted} places redacted"
    return "\n".join([*parts, f"--- size\n{size}\n--- key\n{shown.key}"])
