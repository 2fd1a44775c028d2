"""Starts `judgekit` as processes of their own, to be killed: with a new interpreter, or forked from a warm one.

A forked one has its imports behind it, so that its life is the run itself; it is a process like any other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

_NURSERY = """
import json, os, sys
from judgekit.cli.main import main
out = os.fdopen(os.dup(1), "w", buffering=1)
quiet = os.open(os.devnull, os.O_WRONLY)
os.dup2(quiet, 1)
os.dup2(quiet, 2)
for line in sys.stdin:
    order = json.loads(line)
    os.chdir(order["folder"])
    if order["is_warming"]:
        out.write(f"{main(order['words'])}\\n")
        continue
    child = os.fork()
    if child == 0:
        os._exit(main(order["words"]))
    out.write(f"{child}\\n")
    _, status = os.waitpid(child, 0)
    out.write(f"{os.waitstatus_to_exitcode(status)}\\n")
"""


class Forked:
    """One command that runs in a child of the nursery."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        """Take the child's id, so that it can be killed."""
        self.pid = pid
        self._nursery = nursery

    def wait(self) -> int:
        """Return the exit code; below 0: the signal that ended it."""
        return int(self._nursery.heard())


class Nursery:
    """A warm interpreter that forks a child for each command, one after the other."""

    def __init__(self, folder: Path, *words: str) -> None:
        """Start it, and run one command in it, so that all is imported."""
        alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", _NURSERY]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=alone
        )
        self._order(folder, words, is_warming=True)
        assert self.heard() == "0"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.stdout.close()
        self._process.wait(30)

    def start(self, folder: Path, *words: str) -> Forked:
        """Start a command in a child; it must end before the next is started."""
        self._order(folder, words, is_warming=False)
        return Forked(self, int(self.heard()))

    def heard(self) -> str:
        """Return the next line that the nursery says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, "the nursery died"
        return line

    def _order(self, folder: Path, words: tuple[str, ...], *, is_warming: bool) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"folder": str(folder), "words": words, "is_warming": is_warming}) + "\n")
        self._process.stdin.flush()
