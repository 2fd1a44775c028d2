"""`split` and `audit` say what they did, in words and as JSON, with their exit codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import typer

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.cli import audit, split
from judgekit.cli.console import Console
from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import DatasetCard
from judgekit.records.label import Label, Retraction
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Session, Turn

NOW = datetime(2026, 10, 2, tzinfo=UTC)
LONG = "a_criterion_with_a_very_long_name_indeed"


@pytest.fixture
def folder(tmp_path):
    """Give a dataset of twenty labelled sessions."""
    made = DatasetFolder(tmp_path / "helpdesk")
    scale = Scale(type="binary", levels=("no", "yes"))
    made.create(
        DatasetCard(name="helpdesk"), Rubric(name="r", criteria=(Criterion(id=LONG, question="?", scale=scale),))
    )
    texts = [" ".join(f"w{n * 31 % 97}x{k}" for k in range(20)) for n in range(20)]
    made.write_sessions(Session(id=f"s{n}", turns=[Turn(id="1", role="user", text=t)]) for n, t in enumerate(texts))
    labels = [
        Label(
            id=f"l{n}",
            session=f"s{n}",
            criterion=LONG,
            rater="ana",
            value="no" if n < 5 else "yes",
            rationale="\x1b[31m",
        )
        for n in range(20)
    ]
    made.append([*labels, Retraction(id="r", label="l3", by="lead", reason="slip")], NOW, "ana")
    return made


def run(function, *words, json_wanted=False):
    """Run one command function with parsed words, as the app does."""
    app = typer.Typer(add_completion=False)
    app.command()(function)
    command = typer.main.get_command(app)
    return command.main(args=list(words), standalone_mode=False, obj=Console(json=json_wanted))


def test_split_draws_and_shows_a_narrow_table(folder, capsys):
    """The manifest is written; the table fits 80 columns and names the rarest level of each split."""
    run(split.split, str(folder.path), "--seed", "7", "--dev", "0.3", "--test", "0.3")
    shown = capsys.readouterr()
    assert all(len(line) <= 80 for line in shown.out.splitlines())
    assert [line.split()[0] for line in shown.out.splitlines()] == ["split", "train", "dev", "test"]
    assert " of no" in shown.out
    assert "next: judgekit" in shown.err
    first = (folder.path / "splits.json").read_text()
    run(split.split, str(folder.path))
    assert (folder.path / "splits.json").read_text() == first


def test_split_as_json_is_one_record(folder, capsys):
    """Standard output carries the counts and nothing else."""
    run(split.split, str(folder.path), json_wanted=True)
    report = json.loads(capsys.readouterr().out)
    assert sum(row["n_sessions"] for row in report["splits"]) == 20
    with pytest.raises(InputError, match="more than 1 together"):
        run(split.split, str(folder.path), "--dev", "0.6", "--test", "0.6")


def test_audit_show_tells_who_said_what(folder, capsys):
    """Retracted labels are shown as such; control characters in rationales do not reach the terminal."""
    run(audit.show, str(folder.path), "--session", "s3")
    shown = capsys.readouterr().out
    assert len([line for line in shown.splitlines() if not line.startswith(" ")]) == 2
    assert max(map(len, shown.splitlines())) <= 80
    assert "ana: label s3" in shown
    assert "[retracted]" in shown
    assert "\x1b" not in shown
    run(audit.show, str(folder.path), "--rater", "lead", json_wanted=True)
    assert [h["id"] for h in json.loads(capsys.readouterr().out)["happenings"]] == ["r"]
    with pytest.raises(UnknownName, match="unknown session or pair 'none'"):
        run(audit.show, str(folder.path), "--session", "none")


def test_audit_verify_ends_with_8_when_a_line_was_touched(folder, capsys):
    """A whole ledger ends with 0; a changed line is listed with its place and ends with 8."""
    assert run(audit.verify, str(folder.path)) == 0
    assert "1 ledger file is whole" in capsys.readouterr().out
    path = folder.path / "ledger" / "ana.jsonl"
    path.write_text(path.read_text().replace('"value":"no"', '"value":"yes"', 1))
    assert run(audit.verify, str(folder.path)) == 8
    assert "ana.jsonl:1: the content does not match its hash" in capsys.readouterr().out
    assert run(audit.verify, str(folder.path), json_wanted=True) == 8
    assert len(json.loads(capsys.readouterr().out)["warnings"]) == 1
