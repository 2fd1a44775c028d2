"""What a run would cost is told without a key, and is what it then costs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from judgekit.cli.main import main
from judgekit.testing import FaultyServer
from tests.cli.test_cli_run import GOOD, make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with thirty sessions and a price of its own, and no key anywhere."""
    monkeypatch.chdir(make_project(tmp_path, 30, model="openai/mine"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "judgekit.toml").write_text('[prices."openai/mine"]\nprompt = 1.0\ncompletion = 2.0\n')
    return tmp_path


def planned(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert main(["run", "j", "sessions.jsonl", "--dry-run", "--json", *more]) == 0
    plan: dict[str, Any] = json.loads(capsys.readouterr().out)
    return plan


@pytest.mark.usefixtures("project")
def test_a_dry_run_counts_calls_after_the_cache(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is sent and nothing is made; after a part is done only the rest is counted."""
    plan = planned(capsys)
    assert (plan["n_calls"], plan["n_stored"], plan["n_measured"]) == (30, 0, 0)
    assert plan["cost_usd"] == pytest.approx((plan["prompt_tokens"] + 2 * plan["completion_tokens"]) / 1e6)
    assert not Path("out").exists()
    with FaultyServer(GOOD) as server:
        assert main(["run", "j", "sessions.jsonl", "-o", "out", "--base-url", server.base_url, "--limit", "10"]) == 0
        assert len(server.requests) == 10
        capsys.readouterr()
        plan = planned(capsys, "--base-url", server.base_url)
        assert len(server.requests) == 10
    assert (plan["n_calls"], plan["n_stored"], plan["n_measured"]) == (20, 10, 10)


@pytest.mark.usefixtures("project")
def test_declared_rates_decide_the_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    """Thirty calls at ten a minute take three."""
    assert planned(capsys, "--rpm", "10")["minutes"] == pytest.approx(3.0)


def test_an_unknown_price_is_said_and_never_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dollars are null in JSON and `unknown` in words; a cap is then refused, and the way to give a price is named."""
    (project / "judgekit.toml").write_text("")
    assert planned(capsys)["cost_usd"] is None
    assert main(["run", "j", "sessions.jsonl", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "unknown" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert main(["run", "j", "sessions.jsonl", "--max-cost", "1", "--base-url", "http://127.0.0.1:9/v1"]) == 2
    assert '[prices."openai/mine"]' in capsys.readouterr().err


def test_a_wrong_price_names_its_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """judgekit.toml is checked like every other file."""
    (project / "judgekit.toml").write_text('[prices."openai/mine"]\npromt = 1.0\ncompletion = 2.0\n')
    assert main(["run", "j", "sessions.jsonl", "--dry-run"]) == 2
    assert "judgekit.toml:2" in capsys.readouterr().err


def test_samples_that_come_together_pay_one_prompt(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As many calls, and as many prompt tokens, as the run then makes; in batches each sample is a request."""
    judge = project / "judges" / "j" / "judge.toml"
    judge.write_text("samples = 3\n" + judge.read_text())
    plan = planned(capsys)
    assert (plan["n_calls"], plan["n_replies"], plan["n_outcomes"]) == (30, 90, 90)
    batched = planned(capsys, "--batch")
    assert (batched["n_calls"], batched["n_replies"]) == (90, 90)
    assert batched["prompt_tokens"] == pytest.approx(3 * plan["prompt_tokens"], rel=0.01)
    listed = (batched["prompt_tokens"] + 2 * batched["completion_tokens"]) / 1e6
    assert batched["cost_usd"] == pytest.approx(listed / 2)
    with FaultyServer(GOOD, gives_several=True) as server:
        assert main(["run", "j", "sessions.jsonl", "-o", "out", "--base-url", server.base_url, "--limit", "10"]) == 0
        assert len(server.requests) == 10
        capsys.readouterr()
        plan = planned(capsys, "--base-url", server.base_url)
    assert (plan["n_calls"], plan["n_stored"], plan["n_replies"]) == (20, 30, 60)


def test_a_panel_is_planned_with_all_its_members(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Calls and dollars of every member that asks a model; members that ask none cost nothing."""
    alone = planned(capsys)
    shutil.copytree(project / "judges" / "j", project / "judges" / "k")
    card = project / "judges" / "k" / "judge.toml"
    card.write_text(card.read_text().replace('name = "j"', 'name = "k"'))
    assert main(["judge", "new", "both", "--member", "j", "--member", "k"]) == 0
    capsys.readouterr()
    assert main(["run", "both", "sessions.jsonl", "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["n_targets"], plan["n_calls"]) == (30, 2 * alone["n_calls"])
    assert plan["cost_usd"] == pytest.approx(2 * alone["cost_usd"])
