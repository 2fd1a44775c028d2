"""Panels, checks and stored judges run like any other; what is redacted never reaches a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import judgekit
from judgekit.adapters.store.judge import JudgeFolder, load_judge
from judgekit.adapters.store.run import RunFolder
from judgekit.cli.main import main
from judgekit.records.judge import Judge
from judgekit.records.rubric import Criterion, Scale
from judgekit.testing import FaultyServer

OK = Criterion(id="ok", question="Is it right?", scale=Scale(type="binary", levels=("fail", "pass")))
N = 12


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with sessions and three stored judges, as the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "judgekit.toml").write_text("")
    lines = [
        {"id": f"s{i:02}", "turns": [{"id": "1", "role": "user", "text": f"ITEM-{i:02}"},
                                     {"id": "2", "role": "assistant", "text": "done"}]}
        for i in range(N)
    ]  # fmt: skip
    write_lines(tmp_path / "sessions.jsonl", lines)
    stored("a", ["pass" if i % 2 else "fail" for i in range(N)])
    stored("b", ["pass" if i % 3 else "fail" for i in range(N)])
    stored("c", ["pass" if i % 4 else None for i in range(N)])
    return tmp_path


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def stored(name: str, values: list[str | None]) -> None:
    """Write a stored judge; None is a time-out."""
    folder = JudgeFolder(f"judges/{name}")
    folder.write(Judge(name=name, kind="stored", criterion=OK))
    rows = [
        {"session": f"s{i:02}", "criterion": "ok", **({"value": value} if value else {"status": "timeout"})}
        for i, value in enumerate(values)
    ]
    write_lines(folder.path / "verdicts.jsonl", rows)


def prompt_judge(name: str, **changes: Any) -> None:
    """Write a judge that asks a model."""
    fields = {"criterion": OK, "model": "openai/gpt-4o-mini-2024-07-18", "user": "{{ session }}"}
    JudgeFolder(f"judges/{name}").write(Judge.model_validate({"name": name, **fields, **changes}))


def reply(value: str) -> str:
    return json.dumps({"reasoning": "because", "value": value})


def test_a_panel_runs_its_members_and_counts_their_failures(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each member has a run of its own; the summary says what failed and how many judges they are worth."""
    assert main(["judge", "new", "jury", "--member", "a", "--member", "b", "--member", "c"]) == 0
    assert main(["judge", "lint", "jury"]) == 0
    assert main(["run", "jury", "sessions.jsonl", "-o", "out"]) == 0
    text = capsys.readouterr().out
    assert "member    c (stored): 3 failures (timeout 3), 9 verdicts" in text
    assert "3 members are worth about" in text
    assert max(len(line) for line in text.splitlines() if str(project) not in line) <= 80
    run = RunFolder(project / "out").load()
    assert [path.name for path in sorted((project / "out/members").iterdir())] == ["a", "b", "c"]
    assert RunFolder(project / "out/members/c").load().manifest.failures == {"timeout": 3}
    assert [(each.session, each.status) for each in run.outcomes][:3] == [
        ("s00", "ok"), ("s01", "ok"), ("s02", "ok"),
    ]  # fmt: skip
    first = run.verdicts[0]
    assert (first.value, [entry["status"] for entry in first.members]) == ("fail", ["ok", "ok", "timeout"])
    assert run.manifest.worth is not None
    assert run.manifest.worth.effective.n == N
    assert main(["run", "jury", "sessions.jsonl", "-o", "out"]) == 0
    assert RunFolder(project / "out").load().outcomes == run.outcomes


def test_a_panel_that_is_another_than_the_folders_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A member that changed makes another panel."""
    main(["judge", "new", "jury", "--member", "a", "--member", "b", "--member", "c"])
    main(["run", "jury", "sessions.jsonl", "-o", "out"])
    stored("a", ["pass"] * N)
    assert main(["run", "jury", "sessions.jsonl", "-o", "out"]) == 2
    assert "holds the run of another judge" in capsys.readouterr().err
    assert project


def test_members_that_ask_models_share_one_cap_and_continue_after_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 6 in the second member; the same command, with more, pays only for what is missing."""
    prompt_judge("x", parameters={"max_tokens": 50})
    prompt_judge("y", parameters={"max_tokens": 50}, user="{{ session }} again")
    (project / "judgekit.toml").write_text('[prices."openai/gpt-4o-mini-2024-07-18"]\nprompt = 0\ncompletion = 1000\n')
    main(["judge", "new", "jury", "--member", "x", "--member", "y", "--member", "a"])
    with FaultyServer(reply("pass")) as server:
        for name in ("x", "y"):
            folder = JudgeFolder(f"judges/{name}")
            folder.write(folder.load().model_copy(update={"base_url": server.base_url}))
        command = ["run", "jury", "sessions.jsonl", "-o", "out", "--max-in-flight", "1"]
        assert main([*command, "--max-cost", "0.12"]) == 6
        n_before = server.n_requests
        assert N < n_before < 2 * N
        assert main(command) == 0
        assert server.n_requests <= 2 * N + 1
    manifest = RunFolder(project / "out").load().manifest
    assert (manifest.n_verdicts, [member.judge for member in manifest.members]) == (N, ["a", "x", "y"])
    capsys.readouterr()


def test_score_shows_the_panel_beside_its_best_member(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many judges by their errors, each member's agreement, and whether the panel beats the best of them."""
    write_lines(project / "labels.jsonl", [
        {"session": f"s{i:02}", "rater": rater, "value": "pass" if i % 3 else "fail"}
        for i in range(N) for rater in ("ana", "ben")
    ])  # fmt: skip
    assert main(["import", "sessions", "sessions.jsonl", "--dataset", "d"]) == 0
    labels = ["import", "labels", "labels.jsonl", "--dataset", "d", "--set", "criterion=ok"]
    assert main([*labels, "--scale", "ok=binary:fail,pass"]) == 0
    main(["judge", "new", "jury", "--member", "a", "--member", "b", "--member", "c"])
    main(["run", "jury", "d", "-o", "out"])
    capsys.readouterr()
    assert main(["score", "out", "d", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    rows = {(row["between"], row["metric"]): row["estimate"] for row in report["rows"]}
    assert rows["b~reference", "accuracy"]["value"] == 1
    assert rows["members", "effective_judges"]["n"] == N
    assert "judge minus b" in {between for between, _ in rows}
    assert "best member, b" in " ".join(report["summary"])
    main(["score", "out/verdicts.jsonl", "d"])
    assert "effective number" in capsys.readouterr().out


def test_python_runs_panels_and_checks_too(project: Path) -> None:
    """The same verdicts as on the command line."""
    main(["judge", "new", "jury", "--member", "a", "--member", "b", "--member", "c"])
    main(["judge", "new", "tools", "--check", "tool_allow_list"])
    main(["run", "jury", "sessions.jsonl", "-o", "out"])
    main(["import", "sessions", "sessions.jsonl", "--dataset", "d"])
    data = judgekit.load_dataset("d")
    run = judgekit.run("jury", data)
    kept = RunFolder(project / "out").load()
    assert [(v.session, v.value, v.members) for v in run.verdicts] == [
        (v.session, v.value, v.members) for v in kept.verdicts
    ]
    assert {v.value for v in judgekit.run("tools", data).verdicts} == {"pass"}


def test_a_check_is_written_linted_shown_and_run_without_a_key(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a function of one's own is found in the working folder."""
    assert main(["judge", "new", "mine", "--check", "my_checks:has_item"]) == 0
    (project / "my_checks.py").write_text(
        "def has_item(session, options):\n"
        "    if session.id == 's03':\n        raise KeyError('lost')\n"
        "    return 'ITEM' in session.turns[0].text, 'turn 1'\n"
    )
    assert main(["judge", "show", "mine"]) == 0
    assert "my_checks:has_item" in capsys.readouterr().out
    assert main(["run", "mine", "sessions.jsonl", "-o", "out"]) == 0
    run = RunFolder(project / "out").load()
    assert (run.manifest.engine, run.manifest.n_requests) == ("check", 0)
    assert [(f.session, f.detail) for f in run.failures] == [("s03", "KeyError: 'lost'")]
    assert {(v.value, v.rationale) for v in run.verdicts} == {("pass", "turn 1")}
    main(["judge", "new", "none", "--check", "my_checks:nothing"])
    assert main(["run", "none", "sessions.jsonl", "-o", "none"]) == 2
    assert "my_checks:nothing" in capsys.readouterr().err


SECRETS = {
    "email": "bob.smith@example.org",
    "field": "CUST-99120",
    "pattern": "ORD-5550001",
    "card": "4111111111111111",
}


def test_no_byte_of_what_is_redacted_reaches_the_server(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In any turn, tool argument, result, JSON inside of text, passage, id, reference, metadata or demonstration."""
    email, field, order, card = SECRETS.values()
    everything = f"{email} {field}, {order}; card {card[:4]} {card[4:8]} {card[8:12]} {card[12:]}"
    nested = json.dumps({"inner": json.dumps({"customer_id": field, "note": everything})})
    turns = [
        {"id": email, "role": "user", "name": email, "text": everything, "passages": [{"text": everything}]},
        {"id": "2", "role": "assistant", "text": everything, "tool_calls": [
            {"name": "find", "arguments": {"customer_id": field, "deep": [{"x": nested}], email: int(card)},
             "result": nested, "error": everything},
            {"name": "find", "result": {"customer_id": {"id": field}, "list": [everything]}},
        ]},
    ]  # fmt: skip
    write_lines(project / "sessions.jsonl", [
        {"id": "s1", "turns": turns, "reference": everything, "metadata": {"customer_id": field, "m": everything}}
    ])  # fmt: skip
    (project / "judgekit.toml").write_text(
        '[[redact]]\nrule = "email"\n[[redact]]\nrule = "card"\n[[redact]]\nfield = "customer_id"\n'
    )
    demonstration = {"session": "x", "text": everything, "value": "pass", "rationale": everything}
    prompt_judge(
        "p",
        redact=[{"pattern": r"ORD-\d{7}", "replace": "[order]"}],
        demonstrations=[{**demonstration, "text": f'{{"customer_id": "{field}"}} {everything}'}],
        rules=[{"text": f"mind {email}"}],
        system="{{ rules | join }}{% for d in demonstrations %}{{ d.text }}{{ d.rationale }}{% endfor %}",
        user="{{ session }}{{ input_text }}{{ output_text }}{{ reference }}",
    )
    replies = iter(["no verdict", reply("pass")])
    with FaultyServer(lambda _: next(replies)) as server:
        assert main(["run", "p", "sessions.jsonl", "-o", "out", "--base-url", server.base_url]) == 0
        sent = json.dumps(server.requests, ensure_ascii=False) + json.dumps(server.requests)
    assert server.n_requests == 2
    for secret in SECRETS.values():
        assert secret not in sent
        assert secret.replace("1111", "1111 ").strip() not in sent
    assert "[email 1]" in sent
    assert "[order 1]" in sent
    run = RunFolder(project / "out").load()
    assert run.manifest.n_redacted == run.verdicts[0].redacted > 20
    assert run.manifest.redaction[:3] == ("email", "card", "field customer_id")
    assert run.manifest.redaction[3].startswith("pattern sha256:")
    out = capsys.readouterr().out
    assert "redacted before sending" in out
    main(["import", "sessions", "sessions.jsonl", "--dataset", "d"])
    capsys.readouterr()
    assert main(["judge", "render", "p", "d"]) == 0
    shown = capsys.readouterr().out
    assert email not in shown
    assert "places redacted" in shown
    request = judgekit.render_request(judgekit.load_judge("p"), judgekit.load_dataset("d").sessions[0])
    assert email not in str(request.messages)


def test_the_projects_rules_are_part_of_what_a_judge_asks(project: Path) -> None:
    """So requests have other keys with them; judges that send nothing stay as they are."""
    prompt_judge("p")
    plain, check = load_judge("judges/p"), load_judge("judges/a")
    (project / "judgekit.toml").write_text('[[redact]]\nrule = "email"\n')
    assert load_judge("judges/p").request_fingerprint != plain.request_fingerprint
    assert load_judge("judges/a").judge_fingerprint == check.judge_fingerprint
    assert JudgeFolder("judges/p").load().request_fingerprint == plain.request_fingerprint


def test_a_rule_that_cannot_be_used_is_told_before_anything_is_sent(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By lint as a finding, by the run as an error."""
    prompt_judge("p", redact=[{"pattern": "(a+)+"}])
    assert main(["judge", "lint", "p"]) == 8
    assert "bad-redaction" in capsys.readouterr().out
    with FaultyServer(reply("pass")) as server:
        assert main(["run", "p", "sessions.jsonl", "--base-url", server.base_url]) == 2
        assert server.n_requests == 0
    (project / "judgekit.toml").write_text('[[redact]]\nrule = "emial"\n')
    assert main(["judge", "lint", "p"]) == 2
    assert "judgekit.toml:2" in capsys.readouterr().err


def test_a_run_says_when_an_alias_was_answered_by_another_model(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The judge asks for gpt-4o; the reply names a dated version; lint flags the alias beforehand."""
    prompt_judge("p", model="openai/gpt-4o")
    assert "floating-model" in (main(["judge", "lint", "p"]), capsys.readouterr().out)[1]
    dated = {"id": "c", "request": "r", "engine": "x", "model": "gpt-4o-2024-08-06", "reply": reply("pass")}
    data = project / "sessions.jsonl"
    with FaultyServer(reply("pass")) as server:
        main(["run", "p", str(data), "-o", "first", "--base-url", server.base_url])
        calls = [json.loads(line) for line in (project / "first/calls.jsonl").read_text().splitlines()]
        write_lines(project / "replies.jsonl", [{**call, "model": dated["model"]} for call in calls])
        command = ["run", "p", str(data), "-o", "out", "--base-url", server.base_url, "--replay", "replies.jsonl"]
        capsys.readouterr()
        assert main([*command, "--json"]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert any("openai/gpt-4o was asked for and gpt-4o-2024-08-06 answered: an alias" in note for note in notes)
