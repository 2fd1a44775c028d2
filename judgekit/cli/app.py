"""The command table: which function answers which command, in the order of the tutorial."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import typer

from judgekit.cli.console import Console
from judgekit.cli.signature import laid_out
from judgekit.errors import EXIT_INTERRUPTED, InputError

COMMANDS: tuple[tuple[str, str], ...] = (
    ("judgekit.cli.init:init", "init"),
    ("judgekit.cli.demo:demo", "demo"),
    ("judgekit.cli.import_:import_", "import"),
    ("judgekit.cli.split:split", "split"),
    ("judgekit.cli.agree:agree", "agree"),
    ("judgekit.cli.judge:judge_new", "judge new"),
    ("judgekit.cli.judge:judge_show", "judge show"),
    ("judgekit.cli.judge:judge_lint", "judge lint"),
    ("judgekit.cli.judge:judge_render", "judge render"),
    ("judgekit.cli.judge_probe:judge_probe", "judge probe"),
    ("judgekit.cli.distill:distill", "distill"),
    ("judgekit.cli.run:run", "run"),
    ("judgekit.cli.score:score", "score"),
    ("judgekit.cli.calibrate:calibrate", "calibrate"),
    ("judgekit.cli.estimate:estimate", "estimate"),
    ("judgekit.cli.compare:compare", "compare"),
    ("judgekit.cli.gate:gate", "gate"),
    ("judgekit.cli.experiment:experiment_run", "experiment run"),
    ("judgekit.cli.plan:plan", "plan"),
    ("judgekit.cli.report:report", "report"),
    ("judgekit.cli.audit:show", "audit show"),
    ("judgekit.cli.audit:verify", "audit verify"),
    ("judgekit.cli.runs:runs_merge", "runs merge"),
    ("judgekit.cli.cache:cache_export", "cache export"),
)
"""(`module:function`, command name) in tutorial order; a name with a space is a command of a group."""

GROUPS = {
    "judge": "Make, check and look at judges.",
    "experiment": "Whole experiments.",
    "audit": "Who said what, and whether the record is whole.",
    "runs": "Runs made in parts.",
    "cache": "Replies already paid for.",
}
EPILOG = "Anywhere on the line: --json (the report on standard output), -q, -v, --debug."


def run_app(words: list[str], console: Console) -> int:
    """Parse the words, run the command, return its exit code (2 for wrong usage)."""
    command = typer.main.get_command(build_app())
    try:
        result = command.main(args=words or ["--help"], prog_name="judgekit", standalone_mode=False, obj=console)
    except typer.Exit as done:
        result = done.exit_code
    except typer.Abort as stop:
        raise KeyboardInterrupt from stop
    except _usage_error() as wrong:
        raise _as_input_error(wrong) from wrong
    if result == EXIT_INTERRUPTED:  # what typer makes of Ctrl-C
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def build_app() -> typer.Typer:
    """Return the app with every command of the table; importing them loads nothing heavy."""
    app = _typer("Distil LLM judges from human labels, and know how far to trust them.", True)
    groups: dict[str, typer.Typer] = {}
    for target, name in COMMANDS:
        group, _, command = name.rpartition(" ")
        if group and group not in groups:
            groups[group] = _typer(GROUPS[group], False)
            app.add_typer(groups[group], name=group)
        place = groups[group] if group else app
        place.command(command, epilog=EPILOG, no_args_is_help=False)(laid_out(_function(target)))
    return app


def _typer(help_text: str, is_root: bool) -> typer.Typer:
    return typer.Typer(
        help=help_text,
        rich_markup_mode=None,
        no_args_is_help=is_root,
        add_completion=is_root,
        pretty_exceptions_enable=False,
        epilog=EPILOG,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _usage_error() -> type[Exception]:
    """Return the root of the parser's errors, wherever this version of typer keeps it."""
    return next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def _as_input_error(wrong: Exception) -> InputError:
    message = str(getattr(wrong, "format_message", wrong.__str__)()).replace("\n", " ").rstrip(".")
    context = getattr(wrong, "ctx", None)
    path = getattr(context, "command_path", "judgekit") or "judgekit"
    return InputError(message[:1].lower() + message[1:], hint=f"See {path} --help")


def _function(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function
