"""GPT-4's three stored answers to each of 320 prompts, asked for over HTTP as three samples of one judge."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from judgekit.adapters.store.run import RunFolder
from judgekit.cli.main import main
from tests.recipes import recipe

pytestmark = pytest.mark.shared

JUDGE = """name = "gpt-4"
model = "openai/prometheus/vicuna"
samples = 3
[parameters]
temperature = 1.0
[criterion]
id = "quality"
question = "How good is the response?"
scale = { type = "ordinal", levels = [1, 2, 3, 4, 5] }
[reading]
method = "regex"
retries = 0
[[reading.patterns]]
match = '\\[RESULT\\] ([1-5])'
"""


@pytest.fixture(scope="module")
def replay_server(shared: Path) -> Iterator[str]:
    """Serve the stored answers over HTTP on loopback."""
    command = [sys.executable, str(shared / "tools" / "replay_llm.py"), "--port", "0", "--data", str(shared / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.fixture(scope="module")
def stored(shared: Path) -> list[dict[str, Any]]:
    """Give the rows as they are stored."""
    with gzip.open(shared / "data/prometheus_vicuna/vicuna_eval.json.gz", "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows


@pytest.mark.slow
def test_three_samples_of_each_prompt_are_read_with_their_spread(
    shared: Path, replay_server: str, stored: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """960 verdicts from 320 requests, each the score that is stored; 121 triples disagree, and both commands say so."""
    dataset, folder, run = tmp_path / "d", tmp_path / "judges/gpt-4", tmp_path / "run"
    assert main(["import", *recipe.feedback_sessions(shared / "data"), "--dataset", str(dataset), "-q"]) == 0
    folder.mkdir(parents=True)
    (folder / "judge.toml").write_text(JUDGE, encoding="utf-8")
    (folder / "user.j2").write_text("{{ output_text }}\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["run", str(folder), str(dataset), "-o", str(run), "--base-url", replay_server]) == 0
    assert "quality: the 3 samples disagree on 38% of 320 sessions" in capsys.readouterr().out
    held = RunFolder(run).load()
    said = {(verdict.session, verdict.sample): verdict for verdict in held.verdicts}
    assert len(said) == len(held.calls) == 960
    for row in stored:
        triple = [said[f"{row['idx']}-{row['response_source']}", sample].value for sample in range(3)]
        assert triple == row["gpt4_score"]
    (spread,) = held.manifest.spread
    assert (spread.n_samples, spread.n, round(spread.share_disagreeing * spread.n)) == (3, 320, 121)
    sds = [np.std(row["gpt4_score"], ddof=1) for row in stored]
    assert spread.mean_sd == pytest.approx(np.mean(sds))
    assert (held.manifest.n_requests, held.manifest.n_reused) == (320, 0), "a prompt was paid for more than once"
    with urllib.request.urlopen(replay_server.removesuffix("/v1") + "/stats") as answer:
        assert json.load(answer)["status_200"] == 320
    assert Counter(call.prompt_tokens == 0 for call in held.calls) == {True: 640, False: 320}

    labels = (
        tmp_path / "labels.jsonl"
    )  # a reference, so that there is something to score: the rounded mean of the three
    labels.write_text("".join(
        json.dumps({"session": f"{row['idx']}-{row['response_source']}", "criterion": "quality", "rater": "mean",
                    "value": round(float(np.mean(row["gpt4_score"])))}) + "\n" for row in stored
    ), encoding="utf-8")  # fmt: skip
    words = ["import", "labels", str(labels), "--scale", "quality=ordinal:1..5", "--dataset", str(dataset), "-q"]
    assert main(words) == 0
    capsys.readouterr()
    assert main(["score", str(run), str(dataset), "--resamples", "200", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    found = {row["metric"]: row["estimate"] for row in report["rows"] if row["between"] == "judge"}
    assert found["sample_consistency"]["value"] == pytest.approx(1 - 121 / 320)
    assert found["sample_consistency"]["n"] == 320
    assert found["sample_sd"]["value"] == pytest.approx(np.mean(sds))
