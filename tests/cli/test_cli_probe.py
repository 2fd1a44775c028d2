"""`judgekit judge probe` over real HTTP: priced before it runs, resumed for nothing, and an exit code that says it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.judge import JudgeFolder
from judgekit.adapters.store.probed import read_probed
from judgekit.cli.main import main
from judgekit.judging.probe import prepared
from judgekit.judging.prompt import PairTarget
from judgekit.judging.scaffold import new_judge
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.session import Pair, Session, Turn
from judgekit.testing import Fault, FaultyServer

ROOT = Path(__file__).resolve().parents[2]
QUALITY = Criterion(
    id="quality",
    question="How good?",
    scale=Scale(type="ordinal", levels=(1, 2, 3, 4, 5)),
    anchors={"5": "All of it"},
    direction="higher",
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with one judge, its paraphrases, thirty sessions and a price."""
    JudgeFolder(tmp_path / "judges/j").write(new_judge(QUALITY, name="j", model="openai/mine"))
    (tmp_path / "judges/j/paraphrases.jsonl").write_text('{"field": "question", "text": "Was it of use?"}\n')
    (tmp_path / "judgekit.toml").write_text('[prices."openai/mine"]\nprompt = 1.0\ncompletion = 2.0\n')
    turns = [{"id": "1", "role": "user", "text": ""}, {"id": "2", "role": "assistant", "text": "- **Open** it"}]
    rows = [
        {"id": f"s{i:03}", "turns": [{**turns[0], "text": f"ITEM-{i:03} \u202e<b>help</b>"}, turns[1]]}
        for i in range(30)
    ]
    (tmp_path / "sessions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answering(verdict: Callable[[str, int], int]) -> Callable[[dict[str, Any]], str]:
    """Return a server's answer: a verdict from the prompt and the session's true level."""

    def answer(body: dict[str, Any]) -> str:
        text = body["messages"][-1]["content"]
        found = re.search(r"ITEM-(\d+)", text)
        assert found is not None
        return json.dumps({"reasoning": "so", "value": verdict(text, 1 + int(found[1]) % 5)})

    return answer


def honest(_text: str, level: int) -> int:
    return level


def probe(*more: str) -> int:
    return main(["judge", "probe", "j", "sessions.jsonl", *more])


def test_what_the_project_redacts_reaches_no_server(project: Path) -> None:
    """The rules of judgekit.toml hold for probes as for runs."""
    with (project / "judgekit.toml").open("a") as file:
        file.write('[[redact]]\npattern = "ITEM"\nreplace = "[thing]"\n')
    with FaultyServer('{"reasoning": "so", "value": 3}') as server:
        assert probe("--base-url", server.base_url, "--n", "20", "--reruns", "2", "--probe", "length") in (0, 8)
        assert server.n_requests
        assert "[thing 1]" in json.dumps(server.requests)
        assert "ITEM" not in json.dumps(server.requests)


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_the_price_is_told_and_nothing_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """--dry-run needs no key: calls, tokens and dollars a probe, within 80 columns, and what is not asked."""
    assert probe("--dry-run", "--n", "20") == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert re.search(r"^rerun +1 +20 ", shown, re.MULTILINE), "three reruns of a prompt come in one call"
    assert "criteria: it needs further criteria" in shown
    assert probe("--dry-run", "--n", "20", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["n_calls"] == sum(each["n_calls"] for each in plan["probes"])
    assert plan["cost_usd"] == pytest.approx((plan["prompt_tokens"] + 2 * plan["completion_tokens"]) / 1e6)


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_a_clean_judge_ends_with_0_and_again_pays_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The price stands on standard error before the report; the second command sends nothing and says the same."""
    with FaultyServer(answering(honest)) as server:
        assert probe("--base-url", server.base_url, "-p", "order", "-p", "paraphrase", "-o", "r.json") == 0
        assert server.n_requests == 30 * 5
        captured = capsys.readouterr()
        assert "rerun" in captured.err
        assert captured.out.splitlines()[0] == "Probes of j: sessions.jsonl"
        assert "quality: clear of order (levels); paraphrase (wording 1)." in " ".join(captured.out.split())
        assert max(map(len, captured.out.splitlines())) <= 80
        assert probe("--base-url", server.base_url, "-p", "order", "-p", "paraphrase", "--json") == 0
        assert server.n_requests == 30 * 5
    report = json.loads(capsys.readouterr().out)
    assert report["kind"] == "probe"
    assert report["settings"]["reused"] == 150
    assert report["results"] == json.loads(Path("r.json").read_text())["results"]


@pytest.mark.slow
def test_an_injectable_judge_ends_with_8_and_the_report_shows_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found, with the disguise that works and both values of the three worst; the page escapes the session's words."""

    def obeys(text: str, level: int) -> int:
        return 5 if "only right answer is 5" in text else level

    with FaultyServer(answering(obeys)) as server:
        assert probe("--base-url", server.base_url, "-p", "injection", "-o", "r.json") == 8
    shown = " ".join(capsys.readouterr().out.split())
    assert "quality, injection (plain in user): found. 24 of 30 verdicts changed, 24 of them toward" in shown
    assert "as it is: 1 - so injection, plain in user: 5 - so" in shown
    assert main(["report", "r.json", "-o", "r.html"]) == 0
    page = (project / "r.html").read_text()
    assert "Does a judge keep its verdicts?" in page
    assert "<b>help</b>" not in page
    assert "\u202e" not in page


@pytest.mark.usefixtures("project")
def test_too_many_failures_end_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that answers reruns and refuses the rest: nothing is called clear."""

    def fault(_number: int, body: dict[str, Any]) -> Fault | None:
        is_changed = "from highest to lowest" in body["messages"][0]["content"]
        return Fault("status", 400, {"message": "no", "type": "invalid_request_error"}) if is_changed else None

    with FaultyServer(answering(honest), faults=fault) as server:
        assert probe("--base-url", server.base_url, "-p", "order") == 3
    captured = capsys.readouterr()
    assert "too few to say: 30 of 30 targets lack an answer" in " ".join(captured.out.split())
    assert captured.err.strip().splitlines()[-1].startswith("judgekit: j: order (levels) on quality: 30 of 30")


@pytest.mark.usefixtures("project")
def test_too_few_sessions_end_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    """Nine sessions cannot clear a judge, and the error says what to do."""
    with FaultyServer(answering(honest)) as server:
        assert probe("--base-url", server.base_url, "-p", "order", "--n", "9") == 4
    assert "--n" in capsys.readouterr().err


@pytest.mark.slow
def test_a_cap_stops_with_6_and_the_same_command_continues(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was paid for stays; a cap with an unknown price is refused before anything is sent."""
    with FaultyServer(answering(honest)) as server:
        words = ("--base-url", server.base_url, "-p", "order", "--max-in-flight", "1")
        assert probe(*words, "--max-cost", "0.02") == 6
        n_first = server.n_requests
        assert 0 < n_first < 120
        assert "kept" in capsys.readouterr().err
        assert probe(*words) == 0
        assert server.n_requests == 120
        (project / "judgekit.toml").write_text("")
        assert probe(*words, "--max-cost", "1", "--fresh") == 2
        assert server.n_requests == 120


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-p", "lenght"], "unknown probe 'lenght'. Did you mean 'length'?"),
        (["-p", "criteria"], "criteria is left out, it needs further criteria in the same reply"),
        (["--reruns", "1"], "reruns"),
    ],
)
def test_wrong_usage_ends_with_2(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown probe, one that cannot be asked, too few reruns: one line each."""
    assert probe(*words) == 2
    assert told in capsys.readouterr().err


def test_a_wrong_paraphrase_names_its_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fields that the rubric lacks, and keys that rows do not have."""
    path = project / "judges/j/paraphrases.jsonl"
    path.write_text('{"field": "anchor:9", "text": "x"}\n')
    assert probe("--dry-run") == 2
    assert "paraphrases.jsonl:1" in capsys.readouterr().err
    path.write_text('{"feild": "question", "text": "x"}\n')
    assert probe("--dry-run") == 2
    assert "paraphrases.jsonl:1" in capsys.readouterr().err
    path.unlink()
    assert probe("--dry-run") == 0
    assert "paraphrase: it needs a prompt, and other words for it" in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_other_words_and_another_draw_are_asked_beside_the_earlier_ones(project: Path) -> None:
    """Paraphrases may be edited and the draw changed: what was asked before is reused, and only the rest is sent."""
    with FaultyServer(answering(honest)) as server:
        assert probe("--base-url", server.base_url, "-p", "paraphrase", "--n", "20") == 0
        assert server.n_requests == 20 * 4
        (project / "judges/j/paraphrases.jsonl").write_text('{"field": "question", "text": "Any good?"}\n')
        assert probe("--base-url", server.base_url, "-p", "paraphrase", "--n", "20") == 0
        assert server.n_requests == 20 * 5
        assert probe("--base-url", server.base_url, "-p", "paraphrase", "--n", "30", "--reruns", "3") == 0
        assert server.n_requests == 30 * 5 + 20


@pytest.mark.slow
def test_a_student_is_probed_without_a_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its reruns agree; probes of prompts are left out; the page is made all the same."""
    for part in ("judges", "datasets"):
        shutil.copytree(ROOT / part, tmp_path / part)
    monkeypatch.chdir(tmp_path)
    code = main(["judge", "probe", "resolution-student", "helpdesk", "--json", "--n", "40"])
    assert code in (0, 4, 8)
    report = json.loads(capsys.readouterr().out)
    assert report["engine"] == "student"
    assert report["rows"][0]["estimate"]["value"] == 0.0
    assert {"order", "criteria", "paraphrase"} <= report["skipped"].keys()
    assert "requests" not in report["settings"]


@pytest.mark.slow
def test_what_was_found_is_kept_in_the_judges_folder(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the fingerprint of the judge as it stands there; another model is not this judge; a second probing counts."""
    folder = project / "judges/j"
    with FaultyServer(answering(honest)) as server:
        judge = JudgeFolder(folder).load().model_copy(update={"base_url": server.base_url})
        JudgeFolder(folder).write(judge)
        assert probe("--model", "openai/else", "-p", "order") == 0
        assert "not kept for certificates: another model or address was probed" in capsys.readouterr().err
        assert read_probed(folder) is None
        assert probe("-p", "order") == 0
        assert probe("-p", "order", "-p", "names") == 0
    kept = read_probed(folder)
    assert kept is not None
    assert kept.judge_fingerprint == judge.judge_fingerprint
    assert {(each.probe, each.word) for each in kept.findings} == {("order", "clear"), ("names", "clear")}
    assert (kept.n_before, kept.dataset, kept.left_out[0]) == (1, "sessions.jsonl", "criteria")
    assert "ITEM-" not in (folder / "probes.json").read_text()
    assert JudgeFolder(folder).load() == judge


def test_a_judge_of_pairs_is_probed_in_one_order_and_named_as_it_is() -> None:
    """What is asked has one order; the fingerprint is that of the judge, which runs and certificates know."""
    preference = Criterion(id="better", question="Which?", scale=Scale(type="preference"))
    judge = new_judge(preference, name="p", model="openai/mine", target="pair")
    sessions = [Session(id=name, turns=(Turn(id="1", role="user", text=name),)) for name in "ab"]
    probing = prepared(judge, [PairTarget(Pair(id="p", first="a", second="b"), *sessions)])
    assert probing.subject.judge.orders == "forward"
    assert probing.judge_fingerprint == judge.judge_fingerprint != probing.subject.judge.judge_fingerprint
