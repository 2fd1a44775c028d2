"""What a run came to, or would come to, in words of at most 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judgekit.records.run import MemberRun, RunManifest
    from judgekit.workflows.dry_run import RunPlan
    from judgekit.workflows.run import RunSummary

WIDTH = 80


def summary_text(summary: RunSummary) -> str:
    """Return a run's summary in at most 80 columns; failures stand first where there are any."""
    from judgekit.cli.progress import duration

    manifest = summary.manifest
    n_outcomes = manifest.n_verdicts + manifest.n_failures
    failed = f"{_number(manifest.n_failures, 'failure')}, " if manifest.n_failures else ""
    lines = [f"{manifest.judge}: {failed}{_number(manifest.n_verdicts, 'verdict')} of {n_outcomes}"]
    rows: dict[str, str | None] = {
        "failures": ", ".join(f"{cause} {n}" for cause, n in manifest.failures.items()) or None,
        "first": manifest.first_failure,
        "engine": f"{manifest.engine}, model {', '.join(manifest.models) or manifest.model or 'none'}",
        "requests": f"{manifest.n_requests} sent, {manifest.n_asked_again} asked again, {manifest.n_reused} reused",
        "tokens": f"{manifest.prompt_tokens:,} read, {manifest.completion_tokens:,} written",
        "cost": _cost(manifest),
        "latency": _latency(manifest),
        "time": duration(manifest.wall_s) if manifest.wall_s is not None else None,
        "run": summary.folder,
    }
    for label, text in rows.items():
        if text is not None:
            lines.append(_cut(f"  {label:<10}{text}") if label != "run" else f"  {label:<10}{text}")
    lines += [_cut(f"  {'member':<10}{_member_words(member)}") for member in manifest.members]
    for note in summary.notes:
        lines += textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def plan_text(plan: RunPlan) -> str:
    """Return a plan in at most 80 columns."""
    from judgekit.cli.progress import duration

    rows = {
        "calls": f"{plan.n_calls:,} to make, {plan.n_stored:,} in the cache",
        "fail": f"{plan.n_overflow:,} prompts are too long and would fail" if plan.n_overflow else None,
        "tokens": f"about {plan.prompt_tokens:,} read, {plan.completion_tokens:,} written",
        "cost": "unknown" if plan.cost_usd is None else f"about ${plan.cost_usd:,.4f}",
        "time": f"about {duration(plan.minutes * 60)}",
    }
    lines = [f"{plan.judge}: {plan.n_outcomes:,} verdicts wanted of {plan.n_targets:,} targets; nothing was sent"]
    lines += [f"  {label:<8}{text}" for label, text in rows.items() if text is not None]
    lines += [line for note in plan.notes for line in textwrap.wrap(note, WIDTH - 2)]
    return "\n".join(lines)


def _member_words(member: MemberRun) -> str:
    failed = ", ".join(f"{cause} {n}" for cause, n in member.failures.items())
    told = f"{_number(member.n_failures, 'failure')} ({failed}), " if member.n_failures else ""
    return f"{member.judge} ({member.engine}): {told}{_number(member.n_verdicts, 'verdict')}"


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _cost(manifest: RunManifest) -> str:
    """Return what this command spent, and what the whole run may have cost beyond what is recorded."""
    spent = "unknown" if manifest.cost_usd is None else f"${manifest.cost_usd:.4f}"
    whole = manifest.spending
    if whole is None:
        return spent
    if whole.cost_usd != manifest.cost_usd and whole.cost_usd is not None:
        spent += f", ${whole.cost_usd:.4f} with earlier commands"
    if whole.n_possible:
        most = "" if whole.possible_usd is None else f", at most ${whole.possible_usd:.4f}"
        spent += f"; possibly charged without an answer: {_number(whole.n_possible, 'request')}{most}"
    return spent


def _latency(manifest: RunManifest) -> str | None:
    took = manifest.latency
    return None if took is None else f"p50 {took.p50_s:.2f} s, p95 {took.p95_s:.2f} s, p99 {took.p99_s:.2f} s"


def _cut(line: str) -> str:
    flat = " ".join(line.split("\n"))
    return flat if len(flat) <= WIDTH else flat[: WIDTH - 3] + "..."
