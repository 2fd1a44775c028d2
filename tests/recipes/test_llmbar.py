"""LLMBar's judges over HTTP and through the command line: every figure that their authors stored comes out."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from judgekit.cli.main import main
from tests.recipes import llmbar

pytestmark = [pytest.mark.shared, pytest.mark.slow]

QUICK = {("natural", "GPT-4__CoT"), ("natural", "ChatGPT__CoT"), ("natural", "ChatGPT__Rating")}
"""Shown in every run of the suite: an ordinary one, one with an unreadable reply, one that rates."""
JUDGES = [
    pytest.param(subset, name, marks=() if (subset, name) in QUICK else pytest.mark.slow, id=f"{subset}-{name}")
    for subset, name in [
        *((each, f"{model}__{how}") for each in llmbar.SUBSETS for model, how in (
            ("ChatGPT", "CoT"), ("ChatGPT", "Rating"), ("ChatGPT", "Vanilla"), ("ChatGPT", "Vanilla_NoRules"),
            ("Falcon", "CoT"), ("GPT-4", "CoT"), ("GPT-4", "Rating"), ("GPT-4", "Rating_NoRules"), ("GPT-4", "Vanilla"),
            ("GPT-4", "Vanilla_NoRules"), ("LLaMA2", "CoT"), ("LLaMA2", "Vanilla"), ("PaLM2", "CoT"),
            ("PaLM2", "Vanilla"),
        )),
    ]
]  # fmt: skip


@pytest.fixture(scope="module")
def replay_server(shared: Path) -> Iterator[str]:
    """Serve the completions that real models once gave, over HTTP on loopback."""
    command = [sys.executable, str(shared / "tools" / "replay_llm.py"), "--port", "0", "--data", str(shared / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.fixture(scope="module")
def home(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Import both subsets, with the criterion that single outputs are rated on beside the one of pairs."""
    folder = tmp_path_factory.mktemp("llmbar")
    for subset in llmbar.SUBSETS:
        quietly("import", *llmbar.pairs(shared / "data", subset), "--dataset", folder / subset)
        quietly("import", *llmbar.labels(shared / "data", subset), "--dataset", folder / subset)
        rubric = folder / subset / "rubric.toml"
        added = f'\n[[criteria]]\nid = "rating"\nquestion = "How good is the output?"\n{llmbar.RATING}\n'
        rubric.write_text(rubric.read_text(encoding="utf-8") + added + 'direction = "higher"\n', encoding="utf-8")
    return folder


def quietly(*arguments: object) -> None:
    """Run one command that must end well."""
    assert main([str(each) for each in arguments] + ["-q"]) == 0


def test_these_are_all_that_the_server_lists(shared: Path, replay_server: str) -> None:
    """28 judges, six of which rate one output at a time."""
    with urllib.request.urlopen(f"{replay_server}/models") as answer:
        listed = {each["id"] for each in json.load(answer)["data"] if each["id"].startswith("llmbar/")}
    named = [tuple(each.values) for each in JUDGES]
    assert {f"llmbar/{subset}/{name}" for subset, name in named} == listed
    assert len(named) == 28
    assert sum(llmbar.is_rating(str(name)) for _, name in named) == 6
    assert sorted(named) == sorted(llmbar.judges(shared / "data"))


@pytest.mark.parametrize(("subset", "name"), JUDGES)
def test_a_judge_reaches_the_figures_its_authors_stored(
    home: Path, shared: Path, replay_server: str, capsys: pytest.CaptureFixture[str], *, subset: str, name: str
) -> None:
    """Right on average over both orders, right in both, and the same in both: Zeng et al. 2024, to the last pair.

    An unreadable reply is wrong; the source counts two of them on one pair as the same answer, and we do not: it is
    the one figure that differs, by exactly those pairs. Equal ratings are half right; the source writes them down as
    a winner that changes with the order, so that they are neither right in both nor equal.
    """
    data, judge, run = shared / "data", home / "judges" / f"{subset}-{name}", home / f"run-{subset}-{name}"
    llmbar.write_judge(judge, data, subset, name)
    quietly("run", judge, home / subset, "-o", run, "--base-url", replay_server)
    how = ["--pairs", "better"] if llmbar.is_rating(name) else []
    capsys.readouterr()
    asked = ["score", str(run), str(home / subset), "--reference", "gold", "--resamples", "200", *how, "--json"]
    assert main(asked) == 0
    report = json.loads(capsys.readouterr().out)
    found = {row["metric"]: row["estimate"] for row in report["rows"] if row["slice"] is None}
    published = llmbar.figures(data, subset, name)
    n_pairs = 100 if subset == "natural" else 46
    assert found["pairwise_accuracy"]["value"] == pytest.approx(published.average, abs=1e-12)
    assert found["pairwise_accuracy"]["n"] == 2 * n_pairs
    assert found["pairwise_accuracy_strict"]["value"] == pytest.approx(published.both, abs=1e-12)
    if llmbar.is_rating(name):
        assert 1 - found["pair_tie_rate"]["value"] == pytest.approx(published.equal, abs=1e-12)
        assert not {"position_consistency", "first_slot_rate"} & found.keys(), "a rating is shown in no order"
        n_unreadable = 0
    else:
        n_unreadable, n_both = llmbar.n_unreadable(data, subset, name)
        assert found["position_consistency"]["value"] == pytest.approx(published.equal - n_both / n_pairs, abs=1e-12)
    assert report["counts"][0]["failures"] == ({"unparsed": n_unreadable} if n_unreadable else {})
    assert report["engine"] == "openai-compatible"
