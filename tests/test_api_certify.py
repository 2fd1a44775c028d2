"""`judgekit.certify`: the same looks, refusals and certificates as `score --certify`, as a call."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import typer

import judgekit
from judgekit.adapters.store.certificate import CertificateFolder
from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.app import build_app
from judgekit.cli.main import main
from judgekit.errors import InputError, UnknownName
from tests.cli.certifying_project import CERTIFY, N, certifiable, certificate, made_run, openings
from tests.workflows.certifying import said

NOT_HERE = {"verdicts", "human", "judge", "scale", "group", "samples", "pairs", "baseline", "metric", "use", "split"}
NOT_HERE |= {"out", "certify"}
"""What `score --certify` refuses beside it, or what a call returns instead of writing."""
IN_PYTHON = {"criterion": "criteria", "resamples": "n_resamples"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DatasetFolder:
    monkeypatch.chdir(tmp_path)
    return certifiable(tmp_path)


def test_it_takes_what_the_command_takes() -> None:
    """Every option that `--certify` bears is an argument, under the same default."""
    group: Any = typer.main.get_command(build_app())
    arguments = inspect.signature(judgekit.certify).parameters
    for option in group.commands["score"].params:
        if option.name in NOT_HERE:
            continue
        name = IN_PYTHON.get(option.name, option.name)
        assert name in arguments, f"judgekit score --certify {option.opts[0]} is missing from judgekit.certify"
        if isinstance(option.default, int | float) and not isinstance(option.default, bool):
            assert arguments[name].default == option.default


def test_a_call_opens_certifies_and_keeps_as_the_command_does(project: DatasetFolder) -> None:
    """One opening each, both in the ledger; the second is the command's, and differs by what a second look spends."""
    report = judgekit.certify(project.path, "runs/judy", "judges/judy", by="lead", n_resamples=200)
    (held,) = report.certificates
    assert held.holds
    assert held == certificate()
    (opening,) = project.load().openings
    assert (opening.id, opening.by) == (held.opening_id, "lead")
    assert report.split == "test"
    assert main([*CERTIFY, "--by", "lead"]) == 0
    again = certificate()
    assert (again.opening, openings(project)) == (2, 2)
    assert again.labels_fingerprint == held.labels_fingerprint
    assert [each.estimate.value for each in again.checks] == [each.estimate.value for each in held.checks]


def test_a_run_in_memory_will_do_and_the_judge_is_found_by_its_name(project: DatasetFolder) -> None:
    """What does not hold is returned and kept all the same."""
    made_run("judy", said(N, every=4))
    report = judgekit.certify("data", RunFolder(Path("runs/judy")).load(), criteria="passed", n_resamples=200)
    assert [each.holds for each in report.certificates] == [False]
    assert CertificateFolder("judges/judy").find("data", "passed") == report.certificates[0]


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ({"criteria": "pased"}, UnknownName, "unknown criterion 'pased'"),
        ({"reference": "rater:zoe"}, UnknownName, "unknown rater 'zoe'"),
        ({"judge": "nobody"}, UnknownName, "unknown judge 'nobody'"),
        ({"slices": "nothing"}, UnknownName, "unknown field to slice by"),
    ],
)
def test_what_is_refused_opens_nothing(project: DatasetFolder, how: dict[str, Any], error: Any, words: str) -> None:
    """The same words as on the command line."""
    with pytest.raises(error, match=words):
        judgekit.certify("data", "runs/judy", **how)
    assert openings(project) == 0


def test_a_judge_that_is_nowhere_or_another_is_refused(project: DatasetFolder) -> None:
    """Its certificate would have no place, or be another's."""
    Path("judges/judy").rename("elsewhere")
    with pytest.raises(InputError, match="no judge 'judy' under judges/"):
        judgekit.certify("data", "runs/judy")
    assert judgekit.certify("data", "runs/judy", "elsewhere", n_resamples=200).certificates[0].holds
    Path("elsewhere/user.j2").write_text("Else?", encoding="utf-8")
    with pytest.raises(InputError, match="the run was made by another judge"):
        judgekit.certify("data", "runs/judy", "elsewhere")
