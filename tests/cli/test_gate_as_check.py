"""The gate as a pull request's check: the very script of the action that `init` writes, run as a runner runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from judgekit.cli.main import main

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ("datasets/helpdesk", "judges/policy", "experiments/helpdesk")
EXPERIMENT = """
name = "helpdesk"
question = "Does prompt v2 keep to the handbook more often than v1?"
dataset = "../../datasets/helpdesk"
judges = ["../../judges/policy"]
baseline = "v1"
candidate = "v2"
criteria = ["policy"]
[gate]
{policy}
[[gate.rules]]
{rule}
"""
BETTER = 'kind = "better"\ncriterion = "policy"'
CEILING = 'kind = "ceiling"\nquantity = "cost_usd"\nat_most = 1.0'
"""The example's sessions do not record what they cost."""
NOT_NEEDED = 'certificate = "not_needed"'


@dataclass(frozen=True)
class Step:
    """What a runner sees of one step."""

    code: int
    log: str
    output: str
    summary: str
    folder: Path

    @property
    def commands(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.lstrip().startswith("::")]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a scratch repository: what `init` writes, with the shipped example, committed."""
    folder = tmp_path_factory.mktemp("repository")
    assert main(["init", str(folder), "--experiment", "first", "--dataset", "helpdesk", "-q"]) == 0
    for part in EXAMPLE:
        ignored = shutil.ignore_patterns("runs", "reports")
        shutil.copytree(ROOT / part, folder / part, dirs_exist_ok=True, ignore=ignored)
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "All"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Path:
    """Give a clone of it, as the action checks it out."""
    folder = tmp_path / "work" / "checkout"
    subprocess.run(["git", "clone", "-q", str(repository), str(folder)], check=True)
    return folder


def gate_script(folder: Path) -> str:
    yaml = pytest.importorskip("yaml")
    action = yaml.safe_load((folder / ".github/actions/judgekit-gate/action.yml").read_text(encoding="utf-8"))
    (script,) = [step["run"] for step in action["runs"]["steps"] if step.get("id") == "gate"]
    return str(script)


def run_step(folder: Path, **given: str) -> Step:
    """Run the gate's step with the environment that GitHub gives it."""
    temporary = folder.parent / "temp"
    temporary.mkdir(exist_ok=True)
    files = {name: folder.parent / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.write_text("", encoding="utf-8")
    environment = {
        **{name: str(path) for name, path in files.items()},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder.parent), "CI": "true",
        "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(folder), "RUNNER_TEMP": str(temporary),
        "EXPERIMENT": "helpdesk", "RUN_EXPERIMENT": "true", "MAX_COST": "", **given,
    }  # fmt: skip
    script = folder.parent / "step.sh"
    script.write_text(gate_script(folder), encoding="utf-8")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    told = [files[name].read_text(encoding="utf-8") for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")]
    return Step(done.returncode, done.stdout, told[0], told[1], temporary / "judgekit-gate")


def declare(folder: Path, policy: str, rule: str) -> None:
    path = folder / "experiments" / "helpdesk" / "experiment.toml"
    path.write_text(EXPERIMENT.format(policy=policy, rule=rule), encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "policy", "rule", "words", "result", "kind"),
    [
        (0, NOT_NEEDED, BETTER, "The gate passes", None, "notice"),
        (1, NOT_NEEDED, f"{BETTER}\nby = 0.9", "The gate fails", "failure", "error"),
        (2, NOT_NEEDED, CEILING, "cannot be decided", "error", "error"),
        (3, f"{NOT_NEEDED}\nmax_failure_rate = 0.0", BETTER, "too many outcomes are failures", "error", "error"),
        (4, NOT_NEEDED, f"{BETTER}\nby = 0.35", "not decided yet", "skipped", "warning"),
        (5, 'certificate = "required"', BETTER, "its judge is not trusted", "error", "error"),
    ],
)  # fmt: skip
def test_each_exit_code_reaches_every_reader(checkout, code, policy, rule, words, result, kind) -> None:
    """Exit code, output, job summary, JUnit file, comment and annotations say one and the same."""
    declare(checkout, policy, rule)
    step = run_step(checkout)
    assert step.code == code, step.log
    assert step.output == f"exit-code={code}\n"
    assert words in step.summary.replace("\n", " ")
    assert f"(exit code {code})" in step.summary
    gate_case, *cases = ET.parse(step.folder / "junit.xml").getroot().iter("testcase")
    for case in (gate_case, *cases):
        assert [part.tag for part in case] == [result or "system-out"]
    comment = (step.folder / "comment.md").read_text(encoding="utf-8")
    assert comment.startswith("<!-- judgekit-gate ")
    assert f"(exit code {code})" in comment
    first = step.commands[0]
    assert first.startswith(f"::{kind} file=experiments/helpdesk/experiment.toml,title=judgekit gate ")
    assert len(step.commands) == (1 if code == 0 else 2)
    assert (step.folder / "gate.json").is_file()


def test_a_budget_that_is_used_up_is_told(checkout) -> None:
    """Judging look by look under a cap ends with 6, with all that is known so far."""
    (checkout / "judgekit.toml").write_text(
        '[prices."composed/lenient-judge"]\nprompt = 1.0\ncompletion = 1.0\n', encoding="utf-8"
    )
    declare(checkout, f"{NOT_NEEDED}\nsequential = {{ inputs_per_look = 10 }}", f'{BETTER}\nof = "judge"')
    step = run_step(checkout, RUN_EXPERIMENT="false", MAX_COST="0.000001")
    assert step.code == 6, step.log
    assert step.output == "exit-code=6\n"
    assert "(exit code 6)" in step.summary
    (gate_case, *_) = ET.parse(step.folder / "junit.xml").getroot().iter("testcase")
    assert [part.tag for part in gate_case] == ["error"]
    assert step.commands[0].startswith("::error ")


def test_an_experiment_that_cannot_be_run_is_told_too(checkout) -> None:
    """Without a verdict there is no file to read, and both the summary and an annotation say so."""
    declare(checkout, NOT_NEEDED, BETTER)
    step = run_step(checkout, RUN_EXPERIMENT="false")
    assert step.code == 2
    assert step.output == "exit-code=2\n"
    assert "No verdict: judgekit ended with exit code 2" in step.summary
    assert step.commands == [f"::error title=judgekit gate::{step.summary.splitlines()[2]}"]
    assert "there is no run of judge 'policy'" in step.log


def test_a_step_that_is_run_again_says_the_same(checkout) -> None:
    """Nothing is asked twice, and nothing of an earlier verdict is left where there is none now."""
    declare(checkout, NOT_NEEDED, BETTER)
    first, second = run_step(checkout), run_step(checkout)
    assert (first.code, first.summary) == (second.code, second.summary)
    assert run_step(checkout, EXPERIMENT="nobody").code == 2
    assert not (second.folder / "junit.xml").exists()


@pytest.mark.parametrize("name", ['"; echo ::set-output name=x::y; "', "-h", "$(touch injected)", "--json"])
def test_an_experiments_name_is_no_command(checkout, name) -> None:
    """Whatever is given as the input, it is only ever a name."""
    step = run_step(checkout, EXPERIMENT=name)
    assert step.code == 2, step.log
    assert [line.split(" ")[0] for line in step.commands] == ["::error"]
    assert not (checkout / "injected").exists()


def test_what_is_judged_cannot_speak_to_the_runner(checkout) -> None:
    """A rationale that is full of workflow commands is printed, and none of them is one in the log."""
    replies = checkout / "judges" / "policy" / "replies.jsonl"
    told = "The " + "::error::x ##[error]y " * 20 + "assistant"
    replies.write_text(replies.read_text(encoding="utf-8").replace("The assistant", told), encoding="utf-8")
    declare(checkout, NOT_NEEDED, BETTER)
    step = run_step(checkout)
    assert step.code == 0, step.log
    assert ": :error" in step.log
    assert [line.split(" ")[0] for line in step.commands] == ["::notice"]
    assert "##[" not in step.log
