"""`judgekit judge new`, `show`, `lint` and `render`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from judgekit.errors import EXIT_FINDINGS, InputError

if TYPE_CHECKING:
    from judgekit.cli.console import Console
    from judgekit.judging.card import JudgeCard, PromptCard, ShownRequest
    from judgekit.judging.lint import Finding
    from judgekit.judging.prompt import PairTarget
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
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
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="Dataset whose rubric holds the criterion.")],
    criterion: Annotated[str, typer.Option("--criterion", "-c", help="Which question it answers.")],
    model: Annotated[str, typer.Option("--model", "-m", help="provider/model.")] = "openai/gpt-4o-mini",
    pairs: Annotated[bool, typer.Option("--pairs", help="Compare two sessions (preference criteria).")] = False,
    turns: Annotated[bool, typer.Option("--turns", help="Judge single turns of a session.")] = False,
) -> None:
    """Write a new judge with default templates, to edit and run.

    Example: judgekit judge new resolution-v1 --dataset helpdesk --criterion resolution
    """
    from judgekit.adapters.store.dataset import DatasetFolder
    from judgekit.adapters.store.judge import JudgeFolder
    from judgekit.adapters.store.project import find_dataset, new_judge_folder
    from judgekit.judging.card import judge_card
    from judgekit.judging.scaffold import new_judge

    if pairs and turns:
        raise InputError("--pairs and --turns exclude each other", hint="Give one of them")
    asked = DatasetFolder(find_dataset(dataset)).load().rubric.criterion(criterion)
    path = new_judge_folder(name)
    judge = new_judge(asked, name=path.name, model=model, target="pair" if pairs else "turn" if turns else None)
    JudgeFolder(path).write(judge)
    console: Console = context.obj
    console.emit(judge_card(judge))
    console.show(f"wrote {path}")
    console.suggest(f"judgekit judge render {name} {dataset}")


def judge_show(context: typer.Context, judge: JudgeName) -> None:
    """Show what a judge asks, of whom, how it reads the answer, and what went into it.

    Example: judgekit judge show resolution-v1
    """
    from judgekit.judging.card import judge_card

    card = judge_card(_load_judge(judge))
    context.obj.emit(card)
    context.obj.show(_card_text(card))
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
    units = None
    if dataset is not None:
        units = {session.id: session.unit() for session in _load_dataset(dataset).sessions}
    findings = lint(subject, units=units)
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


def _load_judge(name: str) -> Judge:
    from judgekit.adapters.store.judge import JudgeFolder
    from judgekit.adapters.store.project import find_judge

    return JudgeFolder(find_judge(name)).load()


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

    lineage = f"{card.n_lineage_units} units of {card.lineage_dataset}" if card.n_lineage_units else "no labels used"
    rows = {
        "question": card.criterion.question,
        "criterion": f"{card.criterion.id} ({card.criterion.scale.type})",
        "scale": card.scale,
        "judges": card.target,
        **(_prompt_rows(card.prompt) if card.prompt else {"weights": _short(card.weights)}),
        "lineage": lineage,
        "judge": _short(card.judge_fingerprint),
    }
    lines = wrap(f"{card.name} ({card.kind})" + (f": {card.description}" if card.description else ""), WIDTH)
    for key, value in rows.items():
        first, *more = wrap(str(value), WIDTH - LABEL) or [""]
        lines += [f"  {key:<{LABEL - 2}}{first}", *(" " * LABEL + line for line in more)]
    return "\n".join(lines)


def _short(fingerprint: str | None) -> str:
    """Return enough of a fingerprint for people to compare; `--json` has all of it."""
    return (fingerprint or "none")[:19]


def _prompt_rows(prompt: PromptCard) -> dict[str, object]:
    orders = {"orders": prompt.orders} if prompt.orders else {}
    return {
        **orders,
        "model": f"{prompt.model or '-'} by {prompt.engine}" + (f" at {prompt.base_url}" if prompt.base_url else ""),
        "parameters": ", ".join(f"{key}={value}" for key, value in prompt.parameters.items() if value != {}) or "-",
        "samples": prompt.samples,
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
    size = f"{shown.n_chars:,} characters, {shown.n_elided} turns left out"
    return "\n".join([*parts, f"--- size\n{size}\n--- key\n{shown.key}"])
