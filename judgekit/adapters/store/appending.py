"""Files that grow by whole lines: appended, never rewritten; what a power loss cut off is set aside, not guessed."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from judgekit.adapters.store.files import file_problem, sync_folder
from judgekit.errors import FileProblem

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]  # the absence is asked for below

HAS_LOCKS = fcntl is not None
"""Whether two processes can take turns on one file here."""
_CHUNK = 65536


class LineFile:
    """One open file of lines, positioned after its last whole line."""

    def __init__(self, path: Path, *, wait: bool = True) -> None:
        """Open for appending, making the file and its folder where they are missing; set a torn tail aside.

        Args:
            path: The file.
            wait: Wait for another process that has it open; else refuse.

        Raises:
            FileProblem: It cannot be opened or written, or another process has it.
        """
        self.path = path
        self.last_line = b""
        """The last whole line, without its newline; empty for an empty file."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not path.exists()
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                if fcntl is not None:
                    fcntl.flock(self._descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                self._settle()
            except BaseException:
                os.close(self._descriptor)
                raise
            if is_new:
                sync_folder(path.parent)
        except BlockingIOError as error:
            raise FileProblem("another process is writing it", where=str(path), hint="Wait until it is done") from error
        except OSError as error:
            raise file_problem(error, path) from error

    def write(self, data: bytes) -> None:
        """Append whole lines; on failure nothing of them stays.

        Raises:
            FileProblem: No space, or the device failed.
        """
        rest = data
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise file_problem(error, self.path) from error
        self._size += len(data)

    def sync(self) -> None:
        """Make what was written survive a power loss."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise file_problem(error, self.path) from error

    def close(self) -> None:
        """Sync, and let the next writer in."""
        try:
            self.sync()
        finally:
            os.close(self._descriptor)

    def _settle(self) -> None:
        """Find the last whole line; complete its newline, or move what is cut off to `<name>.torn-<n>`."""
        size = self._size = os.fstat(self._descriptor).st_size
        tail = self._tail(size)
        whole, _, rest = tail.rpartition(b"\n")
        if rest and _is_whole(rest):
            self.write(b"\n")
            self.last_line = rest
            return
        if rest:
            _set_aside(self.path, rest)
            self._size -= len(rest)
            os.ftruncate(self._descriptor, self._size)
        self.last_line = whole.rpartition(b"\n")[2]

    def _tail(self, size: int) -> bytes:
        """Return the end of the file: at least its last two lines."""
        tail = b""
        start = size
        while start > 0 and tail.count(b"\n") < 2:
            step = min(_CHUNK, start)
            start -= step
            os.lseek(self._descriptor, start, os.SEEK_SET)
            tail = _read(self._descriptor, step) + tail
        return tail


@contextlib.contextmanager
def line_file(path: Path) -> Iterator[LineFile]:
    """Open a line file, alone among processes, and sync it at the end."""
    file = LineFile(path)
    try:
        yield file
    finally:
        file.close()


@contextlib.contextmanager
def locked_folder(path: Path) -> Iterator[None]:
    """Hold a folder alone among processes, made where it is missing, and gone again if nothing came into it.

    The folder itself is what is locked: no file stays behind.

    Raises:
        FileProblem: It cannot be made or opened, or a file of that name is there.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        descriptor = _folder_held(path)
    except FileExistsError as error:
        hint = "Choose another name, or move the file"
        raise FileProblem("a file stands where a folder is to be", where=str(path), hint=hint) from error
    except OSError as error:
        raise file_problem(error, path) from error
    try:
        yield
    finally:
        for folder in missing:
            with contextlib.suppress(OSError):  # it holds something: it stays
                folder.rmdir()
        if descriptor is not None:
            os.close(descriptor)


def _folder_held(path: Path) -> int | None:
    """Return the locked folder's descriptor; None where there are no locks."""
    while True:
        path.mkdir(parents=True, exist_ok=True)
        if fcntl is None:
            return None
        descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
        os.close(descriptor)  # whom we waited for took the folder away again


def _read(descriptor: int, n_bytes: int) -> bytes:
    parts = b""
    while len(parts) < n_bytes:
        part = os.read(descriptor, n_bytes - len(parts))
        if not part:
            break
        parts += part
    return parts


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _set_aside(path: Path, rest: bytes) -> None:
    number = 1
    while True:
        try:
            descriptor = os.open(f"{path}.torn-{number}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(rest)
            file.flush()
            os.fsync(file.fileno())
        return
