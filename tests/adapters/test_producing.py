"""Running a version's command: what it says is kept, and it ends when it is to end, with all that it started."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from judgekit.adapters import producing
from judgekit.adapters.producing import Command, last_line, run_command
from judgekit.adapters.store.experiment import ExperimentFolder, file_name
from judgekit.errors import InputError


def command(folder: Path, code: str, timeout_s: float = 20) -> Command:
    return Command(
        [sys.executable, "-c", code], folder, folder / "sessions" / "v2.log", timeout_s, "the command of 'v2'"
    )


def test_both_streams_go_to_the_log_in_order_and_the_environment_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command runs in its folder, reads nothing from us, and finds our environment."""
    monkeypatch.setenv("COMPOSED_VARIABLE", "here")
    code = (
        "import os, sys; print(os.getcwd(), flush=True); print(os.environ['COMPOSED_VARIABLE'], file=sys.stderr);"
        "print(repr(sys.stdin.read()))"
    )
    run_command(command(tmp_path, code))
    assert (tmp_path / "sessions" / "v2.log").read_text().splitlines() == [str(tmp_path), "here", "''"]
    assert [path.name for path in (tmp_path / "sessions").iterdir()] == ["v2.log"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('x' * 900); raise SystemExit(4)", "ended with 4: " + "x" * 197 + "..."),
        ("raise SystemExit(5)", "ended with 5."),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was ended by SIGKILL"),
    ],
)
def test_how_a_command_ended_is_told_with_its_last_line(code: str, said: str, tmp_path: Path) -> None:
    """A bad end is one line that names the log."""
    with pytest.raises(InputError) as caught:
        run_command(command(tmp_path, code))
    assert said in str(caught.value)
    assert "v2.log" in str(caught.value)


@pytest.mark.slow
def test_a_command_that_ignores_the_first_request_is_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of time, a stubborn command and the child it started are both gone."""
    monkeypatch.setattr(producing, "GRACE_S", 0.3)
    child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    code = (
        f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {child!r}]); "
        f"print(p.pid, flush=True); {child}"
    )
    with pytest.raises(InputError, match=r"was ended after 1\.5 s"):
        run_command(command(tmp_path, code, timeout_s=1.5))
    pid = int((tmp_path / "sessions" / "v2.log").read_text().split()[0])
    until = time.monotonic() + 5
    while time.monotonic() < until and Path(f"/proc/{pid}").exists():
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            break
        time.sleep(0.02)
    else:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_the_last_line_of_a_log_is_the_last_that_says_anything(tmp_path: Path) -> None:
    """Blank lines at its end and broken bytes change nothing; an empty log says nothing."""
    log = tmp_path / "log"
    log.write_bytes(b"a" * 9000 + b"\nquota \xff used up\n\n  \n")
    assert last_line(log) == "quota � used up"
    log.write_bytes(b"")
    assert last_line(log) == ""


def test_a_versions_name_leads_nowhere_else(tmp_path: Path) -> None:
    """Whatever a version is called, its file lies in the experiment's folder, and two never share one."""
    names = ["v2", "openai/gpt-4o", "../../etc", ".hidden", "a b", "a%20b", "größe", "v2\n"]
    files = [file_name(name) for name in names]
    assert len(set(files)) == len(names)
    for name in names:
        path = ExperimentFolder(tmp_path).sessions(name)
        assert path.resolve().parent == (tmp_path / "sessions").resolve()
