"""`judgekit run --shard` and `judgekit runs merge`: parts of a run, made anywhere, are the whole run again."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.judge import JudgeFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.main import main
from judgekit.testing import FaultyServer
from tests.cli.test_cli_cache import answer, bad_request
from tests.cli.test_cli_run import GOOD, items, make_project

ROOT = Path(__file__).resolve().parents[2]
N = 30
MERGE = ["runs", "merge", "p1", "p2", "p3", "-o", "merged"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with thirty sessions, as the working folder."""
    monkeypatch.chdir(make_project(tmp_path, N))
    return tmp_path


def run(out: str, *more: str, judge: str = "j", sessions: str = "sessions.jsonl") -> int:
    return main(["run", judge, sessions, "-o", out, *more])


def run_parts(*more: str, n: int = 3, judge: str = "j", sessions: str = "sessions.jsonl") -> None:
    """Run all parts into p1, p2 ..."""
    for i in range(1, n + 1):
        assert run(f"p{i}", "--shard", f"{i}/{n}", *more, judge=judge, sessions=sessions) == 0


def timeless(folder: str) -> list[dict[str, Any]]:
    """Return the rows of a run's outcomes without the moment each was made."""
    rows = [json.loads(line) for line in (Path(folder) / "verdicts.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "at"} for row in rows]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a whole run, and three parts of it, answered from the same recorded replies; some answers are failures."""
    project = make_project(tmp_path_factory.mktemp("made"), N)
    with contextlib.chdir(project):
        with FaultyServer(answer, faults=bad_request) as server:
            url = ("--base-url", server.base_url)
            assert run("whole", *url) == 0
            assert main(["cache", "export", "whole", "-o", "replies.jsonl"]) == 0
        assert run("whole-again", *url, "--replay", "replies.jsonl") == 0
        run_parts(*url, "--replay", "replies.jsonl")
    (project / "url.txt").write_text(url[1])
    return project


@pytest.fixture
def parts(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of them, as the working folder."""
    monkeypatch.chdir(shutil.copytree(made, tmp_path / "project"))
    return tmp_path / "project"


def test_three_parts_merged_are_the_whole_to_the_byte(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verdicts, failures and calls; and what the manifest says of content, counts and causes."""
    assert main(MERGE) == 0
    assert "j: 2 failures, 28 verdicts of 30" in capsys.readouterr().out
    for name in ("verdicts.jsonl", "calls.jsonl", "lineage.json"):
        assert (parts / "merged" / name).read_bytes() == (parts / "whole-again" / name).read_bytes()
    merged, whole = RunFolder("merged").manifest(), RunFolder("whole-again").manifest()
    assert merged.sessions == whole.sessions
    own = {"started_at", "ended_at", "wall_s", "latency", "first_failure", "spending"}
    assert merged.model_dump(exclude=own) == whole.model_dump(exclude=own)
    assert (merged.shard, merged.dealt_from) == (None, None)
    assert merged.latency == whole.latency


def test_a_part_says_that_it_is_one(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In its manifest, and in its folder's name where none is given."""
    manifests = [RunFolder(f"p{i}").manifest() for i in (1, 2, 3)]
    assert [manifest.shard for manifest in manifests] == ["1/3", "2/3", "3/3"]
    assert len({manifest.dealt_from for manifest in manifests}) == 1
    command = ["run", "j", "sessions.jsonl", "--shard", "2/3", "--replay", "replies.jsonl"]
    assert main(command) == 0
    (folder,) = (parts / ".judgekit/runs").iterdir()
    assert folder.name.endswith("-2-of-3")
    assert "next: judgekit runs merge" in capsys.readouterr().err


def test_each_session_is_asked_once_by_one_part(project: Path) -> None:
    """Parts with stores of their own, as on machines of their own, ask about nothing twice."""
    with FaultyServer(GOOD) as server:
        for i in (1, 2, 3):
            assert run(f"p{i}", "--shard", f"{i}/3", "--base-url", server.base_url) == 0
            (project / ".judgekit/replies.sqlite").unlink()
        assert len(items(server)) == server.n_requests == N
    assert main(MERGE) == 0
    spending = RunFolder("merged").manifest().spending
    assert spending is not None
    assert (spending.n_sent, spending.n_answered) == (N, N)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda: shutil.rmtree("p2"), "p2: not a run"),
        (lambda: shutil.copytree("p3", "p2", dirs_exist_ok=True), "p3: part 3/3 is also p2"),
        (lambda: edit("p2", state="stopped"), "p2: part 2/3 is stopped"),
        (lambda: edit("p2", judge_fingerprint="sha256:0"), "p2: judge_fingerprint is sha256:0"),
        (lambda: cut("p2"), "the parts hold 29 outcomes, and 30 were expected"),
        (lambda: double("p2"), "twice"),
    ],
    ids=["missing", "duplicated", "unfinished", "another judge", "an outcome missing", "an outcome twice"],
)
def test_what_is_not_the_whole_is_one_clear_line(
    parts: Path, capsys: pytest.CaptureFixture[str], spoil: Any, message: str
) -> None:
    """Exit code 2, and nothing is left that looks like a run or stands in the way of the next try."""
    shutil.copytree("p2", "kept")
    spoil()
    assert main(MERGE) == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.strip().splitlines()) == 1
    assert not list((parts / "merged").glob("*"))
    shutil.rmtree("p2", ignore_errors=True)
    shutil.move("kept", "p2")
    assert main(MERGE) == 0


def edit(folder: str, **changes: Any) -> None:
    """Change what a run's manifest says."""
    path = Path(folder) / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def cut(folder: str) -> None:
    """Take the first outcome out."""
    path = Path(folder) / "verdicts.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))


def double(folder: str) -> None:
    """Put the first outcome in the second's place."""
    path = Path(folder) / "verdicts.jsonl"
    first, _, *others = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, first, *others]))


def test_a_part_left_out_is_named(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its number."""
    assert main(["runs", "merge", "p1", "p3", "-o", "merged"]) == 2
    assert capsys.readouterr().err == "judgekit: missing: 2/3. Give the folders of all parts\n"
    assert not (parts / "merged").exists()


def test_parts_of_different_sessions_are_no_run(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One machine with an older file: each part is complete, and still some sessions would be missing."""
    lines = (parts / "sessions.jsonl").read_text().splitlines(keepends=True)
    (parts / "sessions.jsonl").write_text("".join(lines[:-3]))
    shutil.rmtree("p2")
    url = (parts / "url.txt").read_text()
    assert run("p2", "--shard", "2/3", "--base-url", url, "--replay", "replies.jsonl") == 0
    capsys.readouterr()
    assert main(MERGE) == 2
    assert "p2: this part was dealt from other sessions than p1" in capsys.readouterr().err


def test_the_whole_needs_a_new_folder(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is there is left alone."""
    assert main(["runs", "merge", "p1", "p2", "p3", "-o", "whole"]) == 2
    assert "whole: there is something already" in capsys.readouterr().err
    assert parts


@pytest.mark.slow
def test_more_parts_than_sessions_leave_some_empty(project: Path) -> None:
    """An empty part is a run like any other, and the parts are the whole again."""
    lines = (project / "sessions.jsonl").read_text().splitlines(keepends=True)
    (project / "sessions.jsonl").write_text("".join(lines[:2]))
    with FaultyServer(GOOD) as server:
        run_parts("--base-url", server.base_url, n=5)
        assert run("whole", "--base-url", server.base_url) == 0
    sizes = [RunFolder(f"p{i}").manifest().n_targets for i in range(1, 6)]
    assert (sum(sizes), min(sizes)) == (2, 0)
    assert main(["runs", "merge", *(f"p{i}" for i in range(1, 6)), "-o", "merged"]) == 0
    assert (project / "merged/verdicts.jsonl").read_bytes() == (project / "whole/verdicts.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (["--shard", "1/3"], ["--shard", "2/3"], "holds part 1/3 of a run, and this is part 2/3 of a run"),
        (["--shard", "1/3"], [], "holds part 1/3 of a run, and this is a whole run"),
        ([], ["--shard", "1/3"], "holds a whole run, and this is part 1/3 of a run"),
    ],
)
def test_a_folder_holds_one_part(
    project: Path, capsys: pytest.CaptureFixture[str], first: list[str], second: list[str], words: str
) -> None:
    """Another part, or the whole, is refused and nothing is sent; the same part continues."""
    with FaultyServer(GOOD) as server:
        url = ("--base-url", server.base_url)
        assert run("out", *first, *url) == 0
        n_before = server.n_requests
        capsys.readouterr()
        assert run("out", *second, *url) == 2
        assert words in capsys.readouterr().err
        assert run("out", *first, *url) == 0
        assert server.n_requests == n_before
    assert project


def test_a_part_that_cannot_be_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And leaves no folder."""
    assert run("out", "--shard", "4/3") == 2
    assert capsys.readouterr().err == ("judgekit: '4/3' is no part of a run. Write --shard 1/4, 2/4, 3/4 and 4/4\n")
    assert not (project / "out").exists()


def test_a_dry_run_of_a_part_counts_its_own_calls(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The parts' plans add up to the whole's."""
    counts = []
    for more in ([], ["--shard", "1/2"], ["--shard", "2/2"]):
        assert run("out", "--dry-run", "--json", *more) == 0
        counts.append(json.loads(capsys.readouterr().out)["n_calls"])
    assert counts[0] == counts[1] + counts[2] == N
    assert project


@pytest.mark.slow
def test_checks_and_stored_judges_are_run_in_parts_too(project: Path) -> None:
    """Without requests, and the same."""
    assert main(["judge", "new", "tools", "--check", "tool_allow_list"]) == 0
    judge = JudgeFolder("judges/j").load()
    stored = JudgeFolder("judges/stored")
    stored.write(judge.model_validate({"name": "stored", "kind": "stored", "criterion": judge.criterion}))
    rows = [{"session": f"s{i:03}", "criterion": "resolution", "value": 1 + i % 3} for i in range(N)]
    (stored.path / "verdicts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("tools", "stored"):
        run_parts(judge=name)
        assert run("whole", judge=name) == 0
        assert main(MERGE) == 0
        assert timeless("merged") == timeless("whole")
        assert RunFolder("merged").manifest().sessions == RunFolder("whole").manifest().sessions
        for folder in ("p1", "p2", "p3", "whole", "merged"):
            shutil.rmtree(folder)
    assert project


@pytest.mark.slow
def test_a_student_is_run_in_parts_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each session by the fold made without it, as in the whole run."""
    for folder in ("judges/resolution-student", "datasets/helpdesk"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "judgekit.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    run_parts(judge="resolution-student", sessions="helpdesk")
    assert run("whole", judge="resolution-student", sessions="helpdesk") == 0
    assert main(MERGE) == 0
    assert timeless("merged") == timeless("whole")


def test_a_panel_is_not_run_in_parts(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many judges it is worth is a matter of the whole."""
    other = JudgeFolder("judges/j").load().model_copy(update={"name": "k"})
    JudgeFolder("judges/k").write(other)
    assert main(["judge", "new", "jury", "--member", "j", "--member", "k"]) == 0
    capsys.readouterr()
    assert run("out", "--shard", "1/2", judge="jury") == 2
    assert "a panel is not run in parts. Run its members in parts" in capsys.readouterr().err
    assert project
