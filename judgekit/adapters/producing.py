"""A version's command as a process of its own: in a group that ends as one, with what it says kept in a log.

No shell. A judgekit that is killed leaves the command running; the next one finds it by its mark and ends it, since
nobody would know how it ended. Not here: whether what it wrote is any good (`store.experiment`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from judgekit.adapters.store.appending import HAS_LOCKS
from judgekit.adapters.store.files import file_problem
from judgekit.errors import FileProblem, InputError

GRACE_S = 5.0
"""From asking a command to end to ending it."""
LAST_LINE_BYTES = 4096
"""Of a log, in which its last line is looked for."""
SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be run.

    Attributes:
        words: Program and arguments.
        folder: Where it runs.
        log: Takes what it says, both streams.
        timeout_s: Longest that it may take, in seconds.
        name: What errors call it.
    """

    words: Sequence[str]
    folder: Path
    log: Path
    timeout_s: float
    name: str


def run_command(command: Command) -> None:
    """Run a command to its good end; interrupted, or out of time, its whole process group is ended.

    Raises:
        InputError: It cannot be started, ended with another code than 0, or took too long; names its last line.
        FileProblem: The log cannot be written, or what a killed judgekit left running cannot be ended.
    """
    mark = command.log.with_name(f".{command.log.stem}.running")
    try:
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with _marked(mark) as descriptor, command.log.open("wb") as log:
            code = _finished(command, log.fileno(), descriptor)
    except OSError as error:
        raise file_problem(error, error.filename or command.log) from error
    if code != 0:
        ended = f"ended with {code}" if code > 0 else f"was ended by {_signal_name(-code)}"
        raise _told(command, ended)


def last_line(log: Path) -> str:
    """Return the last line of a log that says anything; empty where none does."""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_LINE_BYTES))
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines()]
    found = next((line for line in reversed(lines) if line), "")
    return found if len(found) <= SHOWN_CHARACTERS else found[: SHOWN_CHARACTERS - 3] + "..."


def _finished(command: Command, log: int, mark: int) -> int:
    """Return the exit code of the command, once it has ended; a signal's number is negative."""
    try:
        process = subprocess.Popen(  # noqa: S603  # the user's own command, word by word, without a shell
            list(command.words),
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(mark,) if os.name == "posix" else (),
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        hint = "Programs are looked for in PATH; scripts need their path from the experiment's folder"
        raise InputError(f"{command.name} cannot be started: {command.words[0]!r}: {why}", hint=hint) from error
    with _ended_with_us(process):
        os.pwrite(mark, str(process.pid).encode(), 0)
        try:
            return process.wait(command.timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            raise _told(command, f"was ended after {command.timeout_s:g} s (timeout_s)") from None


@contextlib.contextmanager
def _ended_with_us(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the process's group when the block is left early: by Ctrl-C, or by a signal that asks us to end."""
    asked = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {each: signal.signal(each, _interrupt) for each in asked} if _is_main_thread() else {}
    try:
        yield
    finally:
        try:
            if process.poll() is None:
                _end(process)
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # the form that `signal` wants
    raise KeyboardInterrupt


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the group to end, then end what is left of it."""
    if os.name != "posix":
        process.kill()
        process.wait()
        return
    try:
        _send(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
    finally:
        _send(process.pid, signal.SIGKILL)
        process.wait()


def _send(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


@contextlib.contextmanager
def _marked(path: Path) -> Iterator[int]:
    """Hold a mark that the command inherits: while it is held, and nobody but us may hold it, the command lives."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _end_orphans(descriptor, path)
        os.ftruncate(descriptor, 0)
        try:
            yield descriptor
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _end_orphans(mark: int, path: Path) -> None:
    """End the command of a judgekit that was killed, and hold the mark in its place.

    Raises:
        FileProblem: It does not end.
    """
    if _holds(mark):
        return
    group = int(os.pread(mark, 20, 0) or b"0")
    for number in (signal.SIGTERM, signal.SIGKILL):
        if group:
            _send(group, number)
        until = time.monotonic() + GRACE_S
        while time.monotonic() < until:
            if _holds(mark):
                return
            time.sleep(0.02)
    raise FileProblem(
        f"the command of an earlier run is still at work (process {group or 'unknown'})",
        where=str(path),
        hint="End it, and run the same command again",
    )


def _holds(mark: int) -> bool:
    if not HAS_LOCKS:
        return True
    import fcntl

    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _told(command: Command, ended: str) -> InputError:
    said = last_line(command.log)
    what = f"{command.name} {ended}" + (f": {said}" if said else "")
    return InputError(what, where=str(command.log), hint="Mend it and run the same command again")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
