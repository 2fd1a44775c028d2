"""Options that several commands share, declared once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from judgekit.analysis.agreement import Measuring
    from judgekit.cli.console import Console
    from judgekit.records.report import Report

DEFAULT_SEED = 7
DEFAULT_LEVEL = 0.95
DEFAULT_RESAMPLES = 2000


def _offered(context: typer.Context, asked: list[str] | None) -> list[str] | None:
    """Return the metrics asked for; `help` among them prints what there is, and ends the command."""
    if asked and "help" in asked and not context.resilient_parsing:
        from judgekit.render.metric_list import metric_text

        console: Console = context.obj
        (console.say if console.json else console.show)(metric_text())
        raise typer.Exit
    return asked


def _completed(incomplete: str) -> list[str]:
    """Return the metrics that begin so, for the shell."""
    from judgekit.stats.metric import METRICS

    return [name for name in METRICS if name.startswith(incomplete)]


Criteria = Annotated[list[str] | None, typer.Option("--criterion", "-c", help="Only this criterion (repeatable).")]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        "-m",
        help="Only this metric (repeatable); `--metric help` lists them.",
        callback=_offered,
        autocompletion=_completed,
        is_eager=True,
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the resampling.")]
Level = Annotated[float, typer.Option("--level", min=0.5, max=0.999, help="Coverage of the intervals.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Also save the report here, for `judgekit report`.")]

SplitOption = Literal["train", "dev", "test", "all"]
Sessions = Annotated[str, typer.Argument(help="Dataset folder or name, or a sessions file (JSONL, Parquet).")]
Model = Annotated[str | None, typer.Option("--model", "-m", help="Ask this provider/model instead.")]
BaseUrl = Annotated[str | None, typer.Option("--base-url", help="OpenAI-style endpoint, up to and with /v1.")]
EngineName = Annotated[
    str | None, typer.Option("--engine", help="openai-compatible, litellm, replay, or package.module:function.")
]
Replay = Annotated[Path | None, typer.Option("--replay", help="Answer from these recorded replies.")]
Split = Annotated[SplitOption, typer.Option("--split", help="Only the sessions of this split.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Ask everything anew, stored replies notwithstanding.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell calls, tokens, dollars and minutes; send nothing.")]


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast a command may ask a model, and what that may cost."""

    max_in_flight: Annotated[int, typer.Option("--max-in-flight", min=1, max=4096, help="Most requests at once.")] = 16
    timeout_s: Annotated[float, typer.Option("--timeout", min=0.1, help="Longest wait for one reply, in seconds.")] = (
        60.0
    )
    max_cost_usd: Annotated[
        float | None, typer.Option("--max-cost", help="Dollars this command may spend; then it stops with code 6.")
    ] = None
    rpm: Annotated[float | None, typer.Option("--rpm", min=0.01, help="Most requests a minute.")] = None
    tpm: Annotated[
        float | None, typer.Option("--tpm", min=1, help="Most tokens a minute, prompts and replies together.")
    ] = None


@dataclass(frozen=True, slots=True)
class Resampling:
    """How estimates get their intervals."""

    seed: Seed = DEFAULT_SEED
    level: Level = DEFAULT_LEVEL
    resamples: Annotated[int, typer.Option("--resamples", min=200, help="Bootstrap resamples.")] = DEFAULT_RESAMPLES

    def measuring(self, metrics: list[str] | None = None) -> Measuring:
        """Return how to measure, with a generator made here at the door."""
        return measuring(self.seed, self.level, self.resamples, metrics)

    def provenance(self) -> dict[str, object]:
        """Return what makes a report repeatable."""
        return provenance(self.seed)


def measuring(seed: int, level: float, n_resamples: int, metrics: list[str] | None = None) -> Measuring:
    """Return how to measure, with a generator made here at the door."""
    import numpy as np

    from judgekit.analysis.agreement import Measuring

    return Measuring(np.random.default_rng(seed), level=level, n_resamples=n_resamples, metrics=tuple(metrics or ()))


def deliver(report: Report, console: Console, out: Path | None) -> None:
    """Save a report where asked, then print it: JSON for machines, words for people."""
    from judgekit.render.text import render_text

    if out is not None:
        from judgekit.adapters.store.files import write_atomically
        from judgekit.cli.console import json_text

        write_atomically(out, json_text(report))
        console.say(f"saved {out}")
    console.emit(report)
    console.show(render_text(report))


def provenance(seed: int) -> dict[str, object]:
    """Return what makes a report repeatable: the seed, and the versions that computed it."""
    import platform
    from importlib.metadata import version

    from judgekit import __version__

    versions = {"python": platform.python_version(), **{name: version(name) for name in ("numpy", "scipy")}}
    return {"seed": seed, "judgekit": __version__, "versions": versions}
