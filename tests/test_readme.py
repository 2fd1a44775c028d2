"""README tells the truth: its commands run in order, its Python runs, its picture of the demo is the demo's own."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.cli.main import main
from judgekit.render.metric_list import metric_markdown
from judgekit.testing import FaultyServer

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return README's fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """Return README's judgekit commands as words, in order."""
    lines = [line for block in blocks("console") for line in block.splitlines() if line.startswith("$ judgekit ")]
    return [shlex.split(line.removeprefix("$ judgekit "), comments=True) for line in lines]


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lie the files that README speaks of: made from the example, in other people's shapes."""
    dataset = DatasetFolder(ROOT / "datasets" / "helpdesk").load()
    chats = [
        {
            "chat_id": session.id, "user_id": session.group, "task": session.input, "prompt": session.version,
            "messages": [{"role": turn.role, "content": turn.text} for turn in session.turns if turn.text],
        }
        for session in dataset.sessions
    ]  # fmt: skip
    (tmp_path / "chats.jsonl").write_text("\n".join(map(json.dumps, chats)) + "\n", encoding="utf-8")
    labels = [label for label in dataset.labels if label.criterion == "resolution" and label.status != "cannot_judge"]
    with (tmp_path / "ratings.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["chat_id", "who", "score", "why"])
        table.writerows([each.session, each.rater, each.value or "n/a", each.rationale] for each in labels)
    (tmp_path / "results.csv").write_text(
        "verdict,label\n" + "pass,pass\nfail,pass\nfail,fail\n" * 20, encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_commands_run_in_order_on_ones_own_data(own_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every judgekit command of README ends with 0 on files of the shape that it describes."""
    with FaultyServer(json.dumps({"reasoning": "t2 settles it", "value": 4})) as server:
        for words in commands():
            given = [word.replace("http://localhost:11434/v1", server.base_url) for word in words]
            assert main(given) == 0, (words, capsys.readouterr().err)
            shown = capsys.readouterr().out.replace(str(own_data), ".")
            if words[:2] != ["judge", "render"]:
                assert max(map(len, shown.splitlines()), default=0) <= 80, words
    assert (own_data / "report.html").is_file()
    assert (own_data / "judges" / "resolution" / "user.j2").is_file()


def test_the_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """README's Python is executed as it stands, beside the example."""
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets")
    shutil.copytree(ROOT / "judges", tmp_path / "judges")
    monkeypatch.chdir(tmp_path)
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})


def test_the_demo_shown_is_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The capture in README is what the demo prints, to the character."""
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    renewed_or_same(blocks("text")[0].strip(), capsys.readouterr().out.strip())


def test_the_metrics_shown_are_the_table() -> None:
    """README's metrics are what the metric table says, row by row."""
    (shown,) = re.findall(r"<!-- metrics: .*? -->\n(.*?)<!-- end of metrics -->", README, flags=re.DOTALL)
    renewed_or_same(shown, metric_markdown())


def renewed_or_same(shown: str, now: str) -> None:
    """Hold a part of README against what it should be, or renew it when asked to."""
    if os.environ.get("JUDGEKIT_UPDATE_GOLDEN"):
        path = ROOT / "README.md"
        path.write_text(path.read_text(encoding="utf-8").replace(shown, now), encoding="utf-8")
        return
    assert shown == now
