"""`judgekit run --ray` without Ray: what is refused, how limits are shared, and parts run here instead of on workers.

Real Ray is `test_cli_ray.py`, which needs the extra.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.judge import JudgeFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.cli import spread
from judgekit.cli.main import main
from judgekit.cli.options import Limits
from judgekit.cli.running import RunHow
from judgekit.cli.spread import Errand, each_worker, run_part
from judgekit.testing import Fault, FaultyServer
from tests.cli.test_cli_run import GOOD, make_project

N = 40


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with forty sessions, as the working folder."""
    monkeypatch.chdir(make_project(tmp_path, N))
    return tmp_path


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have parts run one after the other in this process."""

    def answers(errand: Errand) -> Generator[dict[str, Any]]:
        yield from (run_part({"id": number}, errand) for number in range(errand.n_parts))

    monkeypatch.setattr(spread, "_answers", answers)
    monkeypatch.setattr(spread, "_require_ray", lambda: None)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return project


def run(*more: str, out: str = "out", judge: str = "j") -> int:
    return main(["run", judge, "sessions.jsonl", "-o", out, *more])


def test_without_ray_it_says_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit code 2, before a folder is made."""
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, "")  # put back afterwards
    assert run("--ray", "2") == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "pip install 'judgekit-eval[ray]'" in said
    assert not (project / "out").exists()


@pytest.mark.parametrize("other", [["--shard", "1/2"], ["--batch"], ["--fresh"]])
def test_what_does_not_go_with_ray_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], other: list[str]
) -> None:
    """Whether Ray is there or not."""
    assert run("--ray", "2", *other) == 2
    assert f"{other[0]} and --ray do not go together" in capsys.readouterr().err
    assert not (project / "out").exists()


def test_a_panel_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As with --shard."""
    JudgeFolder("judges/k").write(JudgeFolder("judges/j").load().model_copy(update={"name": "k"}))
    assert main(["judge", "new", "jury", "--member", "j", "--member", "k"]) == 0
    assert run("--ray", "2", judge="jury") == 2
    assert "a panel is not run in parts" in capsys.readouterr().err
    assert project


def test_limits_are_for_all_workers_together() -> None:
    """Each has its share; the cap on cost is dealt to the parts instead."""
    one = each_worker(RunHow(limits=Limits(max_in_flight=10, rpm=60, tpm=900, max_cost_usd=5)), 3)
    assert one.limits == Limits(max_in_flight=3, rpm=20, tpm=300, max_cost_usd=None)
    assert each_worker(RunHow(limits=Limits(max_in_flight=1)), 3).limits.max_in_flight == 1
    assert each_worker(RunHow(), 3).limits.rpm is None


@pytest.mark.slow
@pytest.mark.parametrize("address", [None, "10.0.0.1:6379"])
def test_parts_merged_are_the_plain_run(here: Path, monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    """To the byte; the same command again asks nothing. On several machines each part keeps replies of its own."""
    if address:
        monkeypatch.setenv("RAY_ADDRESS", address)
    with FaultyServer(GOOD) as server:
        url = ("--base-url", server.base_url)
        for _ in range(2):
            assert run("--ray", "2", *url) == 0
            assert server.n_requests == N
        stores = list((here / "out/parts").glob("*/.cache/replies.sqlite"))
        assert len(stores) == (8 if address else 0)
        assert (here / ".judgekit/replies.sqlite").exists() == (address is None)
        assert run("--ray", "4", *url) == 0, "other workers continue the same parts"
        assert run(*url) == 0, "a plain run continues it from the folder's own calls"
        assert server.n_requests == N
        assert run(*url, out="plain") == 0
    assert len(list((here / "out/parts").iterdir())) == 8
    assert (here / "out/verdicts.jsonl").read_bytes() == (here / "plain/verdicts.jsonl").read_bytes()
    manifest = RunFolder("out").manifest()
    assert (manifest.state, manifest.shard, manifest.n_verdicts) == ("complete", None, N)
    assert manifest.sessions == RunFolder("plain").manifest().sessions


def test_no_more_workers_than_requests_may_be_in_flight(here: Path) -> None:
    """Eight workers with one request each would be eight in flight."""
    with FaultyServer(GOOD) as server:
        assert run("--ray", "8", "--max-in-flight", "2", "--base-url", server.base_url) == 0
    assert len(list((here / "out/parts").iterdir())) == 8


@pytest.mark.slow
def test_the_cap_is_dealt_out_and_may_be_raised(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 6, at most the cap is spent, and what earlier commands spent is not counted again."""
    make_project(here, N, parameters={"max_tokens": 4})
    (here / "judgekit.toml").write_text('[prices."openai/gpt-4o-mini"]\nprompt = 0\ncompletion = 2500\n')
    with FaultyServer(GOOD) as server:
        command = ("--ray", "2", "--base-url", server.base_url, "--max-cost")
        assert run(*command, "0.2") == 6
        assert "parts stopped; the first: " in capsys.readouterr().err
        n_paid = server.n_requests
        assert 0 < n_paid <= 20
        assert run(*command, "0.0001") == 6
        assert server.n_requests == n_paid
        assert run(*command, "1") == 0
        assert server.n_requests == N
    assert RunFolder("out").manifest().spending.cost_usd == pytest.approx(0.4)  # type: ignore[union-attr]  # it is complete


def test_a_part_begun_again_has_what_is_left_of_its_cap(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that died had spent some of it, possibly also on answers that never came."""
    place = here / "out/parts/1-of-2"
    place.mkdir(parents=True)
    lines = ['{"call":"a","state":"sent","estimate_usd":0.5}', '{"call":"b","state":"sent","estimate_usd":0.5}']
    lines.append('{"call":"a","state":"answered","estimate_usd":0.5,"cost_usd":0.25}')
    (place / "sends.jsonl").write_text("\n".join(lines) + "\n")
    judge = JudgeFolder("judges/j").load()
    errand = Errand(here, place.parent, 2, judge, here, spread.Spread(1, "sessions.jsonl"), RunHow(), (1.0, 1.0), False)
    assert spread._how_of(errand, 1).limits.max_cost_usd == pytest.approx(0.25)
    assert spread._how_of(errand, 2).limits.max_cost_usd == 1.0
    assert run_part({"id": 0}, replace(errand, caps_usd=(0.75, 1.0)))["exit_code"] == 6


@pytest.mark.parametrize(
    ("refusal", "exit_code"),
    [
        (Fault("status", 401, {"message": "no such key", "type": "invalid_request_error"}), 7),
        (None, 0),
    ],
)
def test_the_first_error_ends_the_command(
    here: Path, capsys: pytest.CaptureFixture[str], refusal: Fault | None, exit_code: int
) -> None:
    """With the code and the line that a plain run has; no further part is begun."""
    with FaultyServer(GOOD, faults=lambda *_: refusal) as server:
        assert run("--ray", "1", "--max-in-flight", "1", "--base-url", server.base_url) == exit_code
        assert server.n_requests == (1 if refusal else N)
    assert ("no such key" in capsys.readouterr().err) == bool(refusal)
    assert RunFolder("out").manifest().state == ("running" if refusal else "complete")


def test_a_plain_run_is_not_spread_afterwards(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its calls are nowhere in the parts, so that merging them would drop it."""
    with FaultyServer(GOOD) as server:
        assert run("--base-url", server.base_url) == 0
        assert run("--ray", "2", "--base-url", server.base_url) == 2
    assert "holds a run that was begun without --ray" in capsys.readouterr().err


def test_what_a_worker_cannot_reach_is_one_clear_line(here: Path) -> None:
    """A machine without the working folder says so."""
    errand = Errand(
        here / "gone", here, 2, JudgeFolder("judges/j").load(), here, spread.Spread(1, "s"), RunHow(), None, False
    )
    answer = run_part({"id": 1}, errand)
    assert (answer["index"], answer["exit_code"]) == (2, 2)
    assert "gone" in answer["error"]
