"""The only place that prints: results and JSON to standard output, talk to standard error.

Session text is hostile to terminals too: control characters are replaced before anything is shown.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from judgekit.errors import FileProblem

if TYPE_CHECKING:
    from judgekit.records.record import Record

_KEPT = {"\n", "\t"}


@dataclass(frozen=True, slots=True)
class Console:
    """How this invocation talks.

    Attributes:
        json: Standard output carries one JSON record and nothing else.
        quiet: No talk on standard error, errors excepted.
        verbose: More talk.
        debug: Tracebacks on errors.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False

    @property
    def is_live(self) -> bool:
        """Whether a progress line may redraw itself: standard error is a terminal and talk is wanted."""
        return not self.quiet and sys.stderr is not None and sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Print a result for people; nothing when the result is JSON."""
        if not self.json:
            _write(sys.stdout, clean(text) + "\n")

    def emit(self, record: Record) -> None:
        """Print a record as JSON, when JSON is wanted."""
        if self.json:
            _write(sys.stdout, json_text(record))

    def say(self, text: str) -> None:
        """Talk: progress, warnings, what was done."""
        if not self.quiet:
            _talk(sys.stderr, clean(text) + "\n")

    def detail(self, text: str) -> None:
        """Talk that only `--verbose` wants."""
        if self.verbose:
            self.say(text)

    def redraw(self, text: str) -> None:
        """Replace the current line of a live terminal."""
        if self.is_live:
            _talk(sys.stderr, "\r\x1b[2K" + clean(text))

    def suggest(self, command: str) -> None:
        """Name the next useful command."""
        if not self.json:
            self.say(f"next: {command}")

    def fail(self, text: str) -> None:
        """Print an error: one line, whatever the mode."""
        _talk(sys.stderr, "judgekit: " + clean(text).replace("\n", " ") + "\n")


def json_text(record: Record) -> str:
    """Return a record as indented JSON that ends its line; what no terminal or UTF-8 file should meet is escaped."""
    text = json.dumps(record.model_dump(mode="json"), indent=2, ensure_ascii=False, allow_nan=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text) + "\n"


def clean(text: str) -> str:
    r"""Return the text with control and direction-changing characters made visible.

    Example:
        >>> print(clean("red \x1b[31m"))
        red \x1b[31m
    """
    return "".join(c if c in _KEPT or (c.isprintable() or c == " ") else _visible(c) for c in text)


def _visible(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\u{ord(character):04x}"


def _write(stream: TextIO | None, text: str) -> None:
    """Write a result; a reader who has gone away (`| head`, `>&-`) changes neither what is done nor the exit code.

    Raises:
        FileProblem: The results could not be written, as on a full disk.
    """
    if stream is None:
        return
    try:
        _put(stream, text)
    except BrokenPipeError:
        _silence(stream)
    except OSError as error:
        _silence(stream)
        raise FileProblem(error.strerror or str(error), where="standard output", hint="Write it elsewhere") from error


def _talk(stream: TextIO | None, text: str) -> None:
    """Write talk; where nobody can hear it, it is lost, and nothing else changes."""
    try:
        if stream is not None:
            _put(stream, text)
    except OSError:
        _silence(stream)


def _put(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _silence(stream: TextIO | None) -> None:
    """Send what is still to come nowhere, so that closing the stream at the end raises nothing either."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
