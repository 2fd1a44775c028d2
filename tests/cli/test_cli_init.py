"""`judgekit init`: what it writes is valid, and never in place of anything."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.experiment import ExperimentFolder
from judgekit.adapters.store.project import load_project, project_root
from judgekit.cli.init import STARTER
from judgekit.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
ACTION = ".github/actions/judgekit-gate/action.yml"
WORKFLOW = ".github/workflows/judgekit.yml"
HOOKS = ".pre-commit-config.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a new project, in a folder whose name needs quoting."""
    folder = tmp_path / "my project"
    assert main(["init", str(folder), "--experiment", "prompt-v2", "--dataset", "helpdesk", "-q"]) == 0
    return folder


def parsed(path: Path) -> dict[Any, Any]:
    yaml = pytest.importorskip("yaml")
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_project_holds_what_a_first_gate_needs(project: Path) -> None:
    """The root, an experiment with plan and gate, the action, its workflow and the hooks; no placeholder is left."""
    found = files(project)
    assert set(found) == {name.replace("@EXPERIMENT@", "prompt-v2") for name in STARTER}
    assert not [name for name, data in found.items() if re.search(rb"@[A-Z]+@", data)]
    assert project_root(project / "experiments" / "prompt-v2") == project.resolve()
    load_project(project)


def test_the_experiment_loads_with_its_plan_and_gate(project: Path) -> None:
    """What is written can be run as it stands; what is commented out says what else there is."""
    folder = ExperimentFolder(project / "experiments" / "prompt-v2")
    experiment = folder.load()
    assert experiment.name == "prompt-v2"
    assert folder.dataset(experiment) == (project / "datasets" / "helpdesk").resolve()
    assert experiment.gate is not None
    assert experiment.gate.certificate == "required"
    assert [rule.kind for rule in experiment.gate.rules] == ["not_worse"]


def test_what_is_commented_out_loads_too(project: Path) -> None:
    """Every example in the experiment's comments is valid when its mark is taken away."""
    path = project / "experiments" / "prompt-v2" / "experiment.toml"
    text = re.sub(r"^# (?=[a-z_]+ = |\[)", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    experiment = ExperimentFolder(path.parent).load()
    assert experiment.gate is not None
    assert [rule.kind for rule in experiment.gate.rules] == ["not_worse", "floor", "better", "ceiling"]
    assert experiment.gate.sequential is not None
    assert experiment.versions["v2"].command[0] == "python"
    assert experiment.plan.delta == 0.05


def test_nothing_is_overwritten(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second time writes nothing; a file of one's own, or a link that leads nowhere, is left alone and named."""
    own = project / "judgekit.toml"
    own.write_text("# mine\n", encoding="utf-8")
    (project / HOOKS).unlink()
    (project / HOOKS).symlink_to("nowhere.yaml")
    (project / WORKFLOW).unlink()
    before = files(project)
    capsys.readouterr()
    assert main(["init", str(project), "--experiment", "prompt-v2", "--dataset", "helpdesk"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line.startswith("wrote")] == [f"wrote {WORKFLOW}"]
    assert "left alone  judgekit.toml: it is there already" in told
    assert f"left alone  {HOOKS}: it is there already" in told
    after = files(project)
    assert after.pop(WORKFLOW)
    assert after == before
    assert not (project / "nowhere.yaml").exists()


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It lists what it would write, and the next command."""
    assert main(["init", str(tmp_path / "new"), "--dry-run"]) == 0
    told = capsys.readouterr()
    assert told.out.count("would write") == len(STARTER)
    assert "next: cd " in told.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["../up", "a b", "", ".hidden", 'x"\n[gate]', "${{ x }}", "$(id)"])
def test_a_name_that_is_no_plain_word_is_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names stand in TOML, YAML and the shell: only plain ones may."""
    assert main(["init", str(tmp_path / "p"), f"--experiment={name}"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "p").exists()


def test_a_file_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A project is not written into a file."""
    (tmp_path / "f").write_text("x", encoding="utf-8")
    assert main(["init", str(tmp_path / "f")]) == 2
    assert "it is a file" in capsys.readouterr().err


def test_the_action_is_a_composite_of_pinned_steps(project: Path) -> None:
    """Third-party actions carry a major tag; every input has a description; the exit code is an output."""
    action = parsed(project / ACTION)
    assert action["runs"]["using"] == "composite"
    used = [step["uses"] for step in action["runs"]["steps"] if "uses" in step]
    assert used == ["actions/setup-python@v5", "actions/upload-artifact@v4"]
    assert all(each["description"] for each in (*action["inputs"].values(), *action["outputs"].values()))
    assert action["outputs"]["exit-code"]["value"] == "${{ steps.gate.outputs.exit-code }}"
    given = set(re.findall(r"inputs\.([\w-]+)", (project / ACTION).read_text(encoding="utf-8")))
    assert given == set(action["inputs"])
    assert all(step["shell"] == "bash" for step in action["runs"]["steps"] if "run" in step)


def test_nothing_from_outside_is_pasted_into_a_script(project: Path) -> None:
    """No expression stands in a `run`, so that no title or branch name can be a command."""
    steps = [*parsed(project / ACTION)["runs"]["steps"], *parsed(project / WORKFLOW)["jobs"]["gate"]["steps"]]
    assert not [step["run"] for step in steps if "${{" in step.get("run", "")]


def test_the_workflow_runs_for_pull_requests_with_least_rights(project: Path) -> None:
    """Never `pull_request_target`; it reads the code, and may write one comment."""
    workflow = parsed(project / WORKFLOW)
    (events,) = (workflow[key] for key in workflow if key is True or key == "on")
    assert set(events) == {"pull_request"}
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    checkout, gate = workflow["jobs"]["gate"]["steps"]
    assert checkout["with"] == {"persist-credentials": False}
    assert gate["uses"] == "./" + str(Path(ACTION).parent)
    assert set(gate["with"]) <= set(parsed(project / ACTION)["inputs"])
    assert gate["with"]["experiment"] == "prompt-v2"


@pytest.mark.parametrize("name", ["Gate", "Comment", "Install judgekit"])
def test_every_script_is_one_that_bash_can_read(project: Path, name: str) -> None:
    """The syntax holds, before any runner has seen it."""
    (script,) = [step["run"] for step in parsed(project / ACTION)["runs"]["steps"] if step.get("name") == name]
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


GH = """#!/usr/bin/env python3
import os, pathlib, sys
log = pathlib.Path(os.environ["GH_LOG"])
log.write_text(log.read_text() + repr((sys.argv[1:], os.environ.get("MARKER"))) + chr(10))
if "--jq" in sys.argv: print(os.environ["GH_FOUND"], end="")
elif os.environ.get("GH_FAILS"): sys.exit(1)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("found", "fails", "wanted"),
    [("", "", "POST"), ("17\n18\n", "", "PATCH"), ("", "1", "POST")],
    ids=["first", "again", "read-only"],
)
def test_a_re_run_updates_its_comment(project: Path, tmp_path: Path, found: str, fails: str, wanted: str) -> None:
    """The first comment is written, a later one takes its place; a token that may not write fails nothing."""
    (script,) = [step["run"] for step in parsed(project / ACTION)["runs"]["steps"] if step.get("name") == "Comment"]
    programs, temporary, log = tmp_path / "bin", tmp_path / "temp", tmp_path / "log"
    (temporary / "judgekit-gate").mkdir(parents=True)
    (temporary / "judgekit-gate" / "comment.md").write_text("<!-- judgekit-gate 0123 -->\n\nwords\n", encoding="utf-8")
    programs.mkdir()
    log.touch()
    (programs / "gh").write_text(GH, encoding="utf-8")
    (programs / "gh").chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}", "RUNNER_TEMP": str(temporary), "GITHUB_REPOSITORY": "o/r",
        "NUMBER": "5", "GH_LOG": str(log), "GH_FOUND": found, "GH_FAILS": fails,
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ("was not written" in done.stdout) == bool(fails)
    asked, written = (ast.literal_eval(line) for line in log.read_text(encoding="utf-8").splitlines())
    assert asked[1] == "<!-- judgekit-gate 0123 -->"
    assert "repos/o/r/issues/5/comments" in asked[0]
    assert written[0][3] == wanted
    assert written[0][4] == ("repos/o/r/issues/comments/17" if found else "repos/o/r/issues/5/comments")
    assert written[0][-1] == f"body=@{temporary / 'judgekit-gate' / 'comment.md'}"


def hook(project: Path, name: str, changed: list[str]) -> subprocess.CompletedProcess[str]:
    """Run one hook as pre-commit does: its words, then the changed files that its pattern takes."""
    (own,) = [each for each in parsed(project / HOOKS)["repos"][0]["hooks"] if each["id"] == name]
    names = [each for each in changed if re.search(own["files"], each)]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        [*shlex.split(own["entry"]), *names],
        cwd=project, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_hooks_lint_and_verify_what_changed(project: Path) -> None:
    """A whole judge and a whole ledger pass; a change that breaks either is found, with exit code 8."""
    shutil.copytree(ROOT / "judges" / "policy", project / "judges" / "policy")
    shutil.copytree(ROOT / "datasets" / "helpdesk", project / "datasets" / "help desk")
    changed = ["README.md", "judges/README.md", "judges/gone/judge.toml", "judges/policy/user.j2", "datasets/README.md",
               "datasets/help desk/ledger/ana.jsonl", "datasets/help desk/rubric.toml"]  # fmt: skip
    assert hook(project, "judgekit-judge-lint", changed).returncode == 0
    assert hook(project, "judgekit-audit-verify", changed).returncode == 0
    ledger = project / "datasets" / "help desk" / "ledger" / "ana.jsonl"
    ledger.write_text(ledger.read_text(encoding="utf-8").replace('"value":4', '"value":5', 1), encoding="utf-8")
    done = hook(project, "judgekit-audit-verify", changed)
    assert done.returncode == 8, done.stderr
    assert "ana.jsonl" in done.stdout
    (project / "judges" / "policy" / "user.j2").write_text("{{ nobody_knows }}", encoding="utf-8")
    assert hook(project, "judgekit-judge-lint", changed).returncode == 8
