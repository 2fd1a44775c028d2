"""pytest's door: inert and cheap unless a test asks for it, and never true on what is not shown."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from judgekit.errors import IncompleteError, InputError, UnknownName, UntrustedJudge
from judgekit.testing.experiment_fixture import comparison_of, gate_of

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("datasets/helpdesk", "experiments/helpdesk", "judges")
JUDGE = "policy-student"
EXPERIMENT = """
name = "helpdesk"
dataset = "../../datasets/helpdesk"
judges = ["../../judges/policy-student"]
baseline = "v1"
candidate = "v2"
criteria = ["policy"]
[gate]
certificate = "{certificate}"
[[gate.rules]]
kind = "not_worse"
criterion = "policy"
margin = {margin}
"""


def run_pytest(folder: Path, *arguments: str, test: str = "") -> subprocess.CompletedProcess[str]:
    """Run pytest as in a project of its own, with the plugins that are installed."""
    if test:
        (folder / "test_own.py").write_text(test, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--strict-markers"]
    return subprocess.run(
        [*words, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project with one experiment, whose one judge, a local student, has judged all sessions."""
    from judgekit.cli.main import main

    folder = tmp_path_factory.mktemp("project")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("runs", "reports"))
    (folder / "judgekit.toml").touch()
    write_experiment(folder)
    place = folder / "experiments" / "helpdesk" / "runs" / JUDGE
    assert (
        main(["run", str(folder / "judges" / JUDGE), str(folder / "datasets" / "helpdesk"), "-o", str(place), "-q"])
        == 0
    )
    return folder


@pytest.fixture
def project(judged: Path, tmp_path: Path) -> Path:
    """Give a copy of it to change."""
    return Path(shutil.copytree(judged, tmp_path / "project"))


def write_experiment(folder: Path, *, margin: float = 0.5, certificate: str = "not_needed") -> Path:
    path = folder / "experiments" / "helpdesk" / "experiment.toml"
    path.write_text(EXPERIMENT.format(margin=margin, certificate=certificate), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_plain_run_loads_nothing_of_judgekit_but_the_plugin(tmp_path: Path) -> None:
    """A project that has judgekit installed and does not test with it pays for two small modules."""
    test = """
import sys
def test_nothing_else():
    found = {name for name in sys.modules if name.split(".")[0] == "judgekit"}
    assert found == {"judgekit", "judgekit.pytest_plugin"}
    assert not {"numpy", "pydantic", "pandas", "scipy"} & set(sys.modules)
"""
    done = run_pytest(tmp_path, test=test)
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_plugin_loads_two_small_modules() -> None:
    """Beside pytest nothing but the package's own front and the plugin: a few milliseconds."""
    code = (
        "import pytest, sys; before = set(sys.modules); import judgekit.pytest_plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert loaded == ["judgekit", "judgekit.pytest_plugin"]


def test_the_plugin_is_installed() -> None:
    """pytest finds it by its entry point, and tells of its marker and option."""
    from importlib.metadata import entry_points

    (found,) = [each for each in entry_points(group="pytest11") if each.name == "judgekit"]
    assert found.value == "judgekit.pytest_plugin"


@pytest.mark.slow
def test_marker_and_option_explain_themselves(tmp_path: Path) -> None:
    """`pytest --markers` and `--help` name them."""
    assert "@pytest.mark.judgekit(experiment)" in run_pytest(tmp_path, "--markers").stdout
    assert "--judgekit-experiment=NAME" in run_pytest(tmp_path, "--help").stdout


@pytest.mark.slow
def test_an_assertion_reads_as_a_sentence_when_it_fails(project: Path) -> None:
    """By marker or by option, from a folder below the root; the reason stands in the failure, whole."""
    tests = project / "tests"
    tests.mkdir()
    test = """
import pytest

@pytest.mark.judgekit(experiment="helpdesk")
def test_by_marker(comparison):
    assert comparison.not_worse(margin=0.5)

def test_by_option(comparison, gate_report):
    assert comparison.better(by=0.9, criterion="policy")

def test_gate(gate_report):
    assert gate_report.word == "pass", gate_report.summary
"""
    done = run_pytest(tests, "--judgekit-experiment", "helpdesk", test=test)
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "AssertionError: assert <fail: is v2 better than v1 by 0.9? policy: " in done.stdout
    assert "lies below 0.9, n=" in done.stdout
    assert "bounds one-sided at 95%>" in done.stdout


@pytest.mark.slow
def test_coverage_and_strict_warnings_work_beside_it(project: Path) -> None:
    """Imported before coverage starts, the plugin makes no warning of it."""
    test = "import pytest\ndef test_it(comparison):\n    assert comparison.not_worse(0.5)\n"
    done = run_pytest(
        project, "--judgekit-experiment", "helpdesk", "--cov=judgekit.testing", "--cov-report=term", test=test
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "experiment_fixture.py" in done.stdout


@pytest.mark.slow
def test_a_test_without_an_experiment_is_told_what_to_do(tmp_path: Path) -> None:
    """No experiment is guessed."""
    done = run_pytest(tmp_path, test="def test_it(comparison):\n    pass\n")
    assert done.returncode != 0
    assert "mark the test @pytest.mark.judgekit(experiment=...)" in done.stdout


@pytest.mark.slow
def test_the_comparison_is_the_plans_own(judged: Path) -> None:
    """Baseline, candidate and level are the experiment's; the same runs give the same report."""
    report = comparison_of("helpdesk", start=judged)
    assert (report.baseline, report.candidate) == ("v1", "v2")
    assert report.headline == {"policy": "ppi"}
    assert report == comparison_of(str(judged / "experiments" / "helpdesk"))
    assert report.not_worse(0.5)
    assert not report.better(0.9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("margin", "certificate", "word"), [(0.5, "not_needed", "pass"), (0.5, "required", "untrusted")]
)
def test_the_gate_is_the_policys_own(project: Path, margin: float, certificate: str, word: str) -> None:
    """A judge without a certificate is not trusted where the policy wants one."""
    write_experiment(project, margin=margin, certificate=certificate)
    assert gate_of("helpdesk", start=project).word == word


@pytest.mark.slow
def test_nothing_is_decided_on_a_run_that_is_not_there(project: Path) -> None:
    """No run, an unfinished one, one that lacks sessions, one of a judge that was changed: each is refused."""
    place = project / "experiments" / "helpdesk" / "runs" / JUDGE
    manifest, verdicts = place / "run.json", place / "verdicts.jsonl"
    kept = {path: path.read_text(encoding="utf-8") for path in (manifest, verdicts)}

    def refused(error: type[Exception], words: str) -> None:
        for ask in (comparison_of, gate_of):
            with pytest.raises(error, match=words):
                ask("helpdesk", start=project)
        for path, text in kept.items():
            path.write_text(text, encoding="utf-8")

    manifest.write_text(kept[manifest].replace('"complete"', '"stopped"'), encoding="utf-8")
    refused(IncompleteError, "stopped, not complete")
    verdicts.write_text("".join(kept[verdicts].splitlines(keepends=True)[:-2]), encoding="utf-8")
    refused(IncompleteError, "sessions of the versions compared are not in it")
    was = json.loads(kept[manifest])["judge_fingerprint"]
    manifest.write_text(kept[manifest].replace(was, "sha256:" + "0" * 64), encoding="utf-8")
    refused(UntrustedJudge, "was changed since")
    manifest.unlink()
    refused(InputError, "has no run")


@pytest.mark.slow
def test_what_is_not_declared_is_refused(project: Path) -> None:
    """An unknown experiment, no gate, a gate that would have to judge, a version that nobody made."""
    path = write_experiment(project)
    text = path.read_text(encoding="utf-8")
    with pytest.raises(UnknownName, match="helpdesk"):
        comparison_of("helpdisk", start=project)
    path.write_text(text.partition("[gate]")[0], encoding="utf-8")
    with pytest.raises(InputError, match="gate"):
        gate_of("helpdesk", start=project)
    path.write_text(text + "[gate.sequential]\n", encoding="utf-8")
    with pytest.raises(InputError, match="judges as it goes"):
        gate_of("helpdesk", start=project)
    path.write_text(text + '[versions.v3]\ncommand = ["x", "{sessions}"]\n', encoding="utf-8")
    with pytest.raises(InputError, match="has no sessions yet"):
        comparison_of("helpdesk", start=project)
