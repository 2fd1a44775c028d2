"""The entry point: global flags, exit codes, errors as one line.

`--version` is answered before typer is loaded; `--help` loads no command's dependencies.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from judgekit import __version__
from judgekit.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, JudgekitError

if TYPE_CHECKING:
    from judgekit.cli.console import Console

GLOBAL_FLAGS = {"--json": "json", "--quiet": "quiet", "-q": "quiet", "--verbose": "verbose", "-v": "verbose"}
GLOBAL_FLAGS["--debug"] = "debug"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: The command line without the program's name; None: the process's own.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    words, flags = split_flags(given)
    from judgekit.cli.console import Console

    console = Console(**dict.fromkeys(flags, True))
    try:
        if words in (["--version"], ["version"]):
            console.show(f"judgekit {__version__}")
            return 0
        return _run(words, console)
    except KeyboardInterrupt:
        console.fail("interrupted; what was done is kept, and the same command continues")
        return EXIT_INTERRUPTED
    except JudgekitError as error:
        return _explain(error, console)
    except OSError as error:
        from judgekit.adapters.store.files import file_problem

        return _explain(file_problem(error, error.filename or "a file"), console, cause=error)
    except Exception as error:  # the last resort: our defect, told as such
        return _confess(error, console)


def split_flags(arguments: Sequence[str]) -> tuple[list[str], set[str]]:
    """Take the global flags out of a command line, wherever they stand before `--`.

    Example:
        >>> split_flags(["agree", "data", "--json"])
        (['agree', 'data'], {'json'})
    """
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    flags = {GLOBAL_FLAGS[word] for word in arguments[:end] if word in GLOBAL_FLAGS}
    words = [word for place, word in enumerate(arguments) if place >= end or word not in GLOBAL_FLAGS]
    return words, flags


def _run(words: list[str], console: Console) -> int:
    from judgekit.cli.app import run_app

    return run_app(words, console)


def _explain(error: JudgekitError, console: Console, *, cause: Exception | None = None) -> int:
    if console.debug:
        _print_traceback(cause or error)
    console.fail(str(error))
    return error.exit_code


def _confess(error: Exception, console: Console) -> int:
    if console.debug:
        _print_traceback(error)
    name = type(error).__name__
    console.fail(f"internal error: {name}: {error}. This is a defect of judgekit; --debug shows the traceback")
    return EXIT_INTERNAL


def _print_traceback(error: Exception) -> None:
    import traceback

    traceback.print_exception(error)
