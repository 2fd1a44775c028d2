"""Real files through the command line: every item comes in or is counted, and the published figures stand."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.files import read_jsonl
from judgekit.cli.main import main
from judgekit.records.dataset import Dataset
from judgekit.records.label import Label
from judgekit.records.verdict import Failure, outcome_from
from tests.recipes import recipe
from tests.recipes.recipe import ear_columns, words

pytestmark = [pytest.mark.shared, pytest.mark.slow]


class Importing:
    """Imports into one dataset, and knows where it is."""

    def __init__(self, folder: Path, run: Any) -> None:
        self.folder = folder
        self._run = run

    def __call__(self, form: object, *words: object) -> Any:
        return self._run(str(form), *words)


@pytest.fixture
def data(shared: Path) -> Path:
    return shared / "data"


@pytest.fixture
def imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give a function that imports into one dataset and returns the report."""

    def run(form: str, *words: object, code: int = 0) -> Any:
        given = [str(word) for word in words]
        found = main(["import", form, *given, "--dataset", str(tmp_path / "d"), "--json"])
        captured = capsys.readouterr()
        assert found == code, captured.err
        report = json.loads(captured.out) if captured.out else {}
        if report:
            out = report["n_new"] + report["n_already_there"] + report["n_replaced"]
            assert report["n_items"] == out + sum(report["skipped"].values())
        return report

    return Importing(tmp_path / "d", run)


def load(imported: Importing) -> Dataset:
    return DatasetFolder(imported.folder).load()


def outcomes(path: Path) -> list[Any]:
    return [outcome_from(row) for _, row in read_jsonl(path).rows]


def by_rater(labels: tuple[Label, ...]) -> Counter[tuple[str | None, object]]:
    return Counter((label.rater, label.value) for label in labels)


@pytest.mark.slow
def test_pandalm_pairs_raters_and_two_judges(data: Path, imported: Importing, tmp_path: Path) -> None:
    """999 pairs, three raters with their published counts, and 25 unparsed replies kept as failures."""
    source = data / "pandalm" / "testset-v1.json.gz"
    report = imported(*recipe.pandalm_pairs(data))
    assert (report["n_rows"], report["n_new"], report["skipped"]) == (999, 999, {})
    assert report["written"] == {"sessions": 1998, "pairs": 999}
    assert sorted(report["notes"]) == [
        "2 cells of column response2 were not text: kept as text",
        "4 cells of column response1 were not text: kept as text",
    ]
    asked = recipe.pandalm_labels(data)
    report = imported(*asked)
    assert (report["n_items"], report["n_new"]) == (2997, 2997)
    assert imported(*asked)["n_already_there"] == 2997
    dataset = load(imported)
    assert len(dataset.labels) == 2997
    raw = json.loads(gzip.decompress(source.read_bytes()))
    meaning = {0: "tie", 1: "first", 2: "second"}
    assert by_rater(dataset.labels)[("two", "tie")] == sum(row["annotator2"] == 0 for row in raw)
    expected = {(str(row["idx"]), "three"): meaning[row["annotator3"]] for row in raw}
    got = {(label.pair, label.rater): label.value for label in dataset.labels if label.rater == "three"}
    assert got == expected
    pair = dataset.pair_by_id["0"]
    first = dataset.session_by_id[pair.first]
    assert first.turns[0].text == raw[0]["instruction"] + "\n" + raw[0]["input"]
    assert (first.turns[1].text, first.input) == (raw[0]["response1"], "0")

    report = imported(*recipe.pandalm_verdicts(data, "gpt-3.5-turbo"), "-o", tmp_path / "gpt.jsonl")
    counts = {"first": 460, "second": 476, "tie": 38, "unparsed": 25}
    assert report["counts"]["preferred"]["gpt-3.5-turbo"] == counts
    assert report["written"] == {"verdicts": 974, "failures": 25}
    assert sum(isinstance(outcome, Failure) for outcome in outcomes(tmp_path / "gpt.jsonl")) == 25
    report = imported(*recipe.pandalm_verdicts(data, "pandalm-7b"), "-o", tmp_path / "7b.jsonl")
    assert report["written"] == {"verdicts": 999}
    majority = {
        pair: Counter(label.value for label in dataset.labels if label.pair == pair).most_common(1)[0][0]
        for pair in list(dataset.pair_by_id)[:50]
    }
    right = [majority[o.pair] == o.value for o in outcomes(tmp_path / "7b.jsonl")[:50]]
    seven = {row["idx"]: row["pandalm_result"] for row in json.loads(
        gzip.decompress((data / "pandalm" / "pandalm-7b-testset-v1.json.gz").read_bytes()))}  # fmt: skip
    assert right == [majority[str(i)] == meaning[seven[i]] for i in list(seven)[:50]]


@pytest.mark.slow
def test_lend_an_ear_experts_crowd_and_judges(data: Path, imported: Importing, tmp_path: Path) -> None:
    """20-digit ids survive, columns are found by name, evidence and empty scores are kept apart."""
    folder = data / "lend_an_ear"
    report = imported(*recipe.ear_sessions(data))
    assert (report["n_rows"], report["n_new"], report["columns"]["metadata"]) == (50, 50, "response_length")
    for number in (1, 2, 3):
        report = imported(*recipe.ear_labels(data, number))
        assert (report["n_items"], report["n_new"]) == (300, 300)
    report = imported(
        "labels", folder / "crowd_annotations_with_evidence.csv.gz", *ear_columns(), "--utc",
        *words("--map", "session=conversation_id", "rater=user_id", "at=time_created"),
        *words("--evidence", *(f"{name}={name}_example" for name in recipe.DIMENSIONS)),
    )  # fmt: skip
    assert (report["n_items"], report["n_new"], report["skipped"]) == (196 * 6, 196 * 6 - 14, {"empty": 14})
    dataset = load(imported)
    assert dataset.card.raters["experts"].raters == ("expert1", "expert2", "expert3")
    assert dataset.card.raters["experts"].aggregate == "median"
    assert all(len(session.id) == 20 for session in dataset.sessions)
    assert {turn.role for session in dataset.sessions for turn in session.turns} == {"user", "assistant"}
    assert len(dataset.labels) == 900 + 1162

    for name, file in (
        ("gpt-4o", "gpt_ratings.csv"),
        ("claude", "claude_ratings.csv"),
        ("gemini", "gemini_ratings.csv.gz"),
    ):
        report = imported(*recipe.ear_verdicts(data, name, file), "-o", tmp_path / f"{name}.jsonl")
        assert report["written"] == {"verdicts": 300}
    report = imported(*recipe.ear_verdicts(data, "crowd", "crowd_ratings.csv"), "-o", tmp_path / "crowd.jsonl")
    assert report["written"] == {"verdicts": 300}
    means = {(o.session, o.criterion): o.score for o in outcomes(tmp_path / "crowd.jsonl")}
    crowd: dict[tuple[str | None, str], list[float]] = {}
    for label in dataset.labels:
        if label.rater not in dataset.card.raters["experts"].raters:
            crowd.setdefault((label.session, label.criterion), []).append(float(str(label.value)))
    assert len(means) == len(crowd) == 300
    for key, scores in crowd.items():
        assert means[key] == pytest.approx(sum(scores) / len(scores)), key


@pytest.mark.slow
def test_llm_rubric_not_applicable_and_distributions(data: Path, imported: Importing, tmp_path: Path) -> None:
    """0 is not applicable, raters are the annotators, and expected scores reproduce the published RMSE."""
    report = imported(*recipe.rubric_sessions(data))
    assert report["n_new"] == 223
    report = imported(*recipe.rubric_labels(data))
    assert (report["n_items"], report["n_new"]) == (223 * 9, 223 * 9)
    dataset = load(imported)
    n_na = Counter(label.criterion for label in dataset.labels if label.status == "not_applicable")
    assert set(n_na) == {"Q1", "Q3", "Q4", "Q5"}
    assert all(75 <= n <= 77 for n in n_na.values())
    assert len(dataset.raters) == 13
    report = imported(*recipe.rubric_verdicts(data), "--keep", "sample_llm", "-o", tmp_path / "v.jsonl")
    assert report["written"] == {"verdicts": 223 * 9}
    human = {label.target: float(str(label.value)) for label in dataset.labels if label.criterion == "Q0"}
    said = {o.session: o for o in outcomes(tmp_path / "v.jsonl") if o.criterion == "Q0"}
    assert len(said) == len(human) == 223

    def rmse(judged: dict[str, float]) -> float:
        return float((sum((judged[s] - human[s]) ** 2 for s in human) / 223) ** 0.5)

    assert rmse({s: o.score for s, o in said.items()}) == pytest.approx(0.918676, abs=2e-6)
    assert rmse({s: float(o.value) for s, o in said.items()}) == pytest.approx(1.201643, abs=1e-6)
    assert set(said[next(iter(said))].distribution) == {"1", "2", "3", "4"}


@pytest.mark.parametrize("n_sessions", [40, pytest.param(350, marks=pytest.mark.slow)])
def test_dices_anonymous_lists_and_a_gold_expert(
    data: Path, imported: Importing, tmp_path: Path, n_sessions: int
) -> None:
    """123 anonymous labels on each bare session, and one gold label; a second import adds none."""
    for name in ("crowdsourced", "expert"):
        whole = json.loads(gzip.decompress((data / "dices_350" / f"dices_350_{name}.json.gz").read_bytes()))
        (tmp_path / f"{name}.json").write_text(json.dumps({**whole, "instances": whole["instances"][:n_sessions]}))
    crowd = recipe.dices_crowd(tmp_path / "crowdsourced.json")
    n_labels = n_sessions * 123
    report = imported(*crowd)
    assert (report["n_rows"], report["n_items"], report["n_new"]) == (n_sessions, n_labels, n_labels)
    assert report["written"] == {"sessions": n_sessions, "labels": n_labels}
    report = imported(*recipe.dices_expert(tmp_path / "expert.json"))
    assert (report["n_items"], report["n_new"]) == (n_sessions, n_sessions)
    assert imported(*crowd)["n_already_there"] == n_labels
    dataset = load(imported)
    assert Counter(label.kind for label in dataset.labels) == {"human": n_labels, "gold": n_sessions}
    assert dataset.raters == ()
    assert all(not session.turns for session in dataset.sessions)


def test_tau_bench_tool_calls_trials_and_rewards(data: Path, imported: Importing) -> None:
    """200 sessions keep their 1,164 tool calls with results; the reward is a gold label; pass^1 is 0.42."""
    report = imported(*recipe.tau_sessions(data))
    assert report["n_new"] == 200
    assert imported(*recipe.tau_labels(data))["n_new"] == 200
    dataset = load(imported)
    assert sum(session.n_tool_calls for session in dataset.sessions) == 1164
    calls = [call for session in dataset.sessions for turn in session.turns for call in turn.tool_calls]
    assert all(call.result is not None for call in calls)
    assert len({call.name for call in calls}) == 14
    assert all(isinstance(call.arguments, dict) for call in calls)
    assert {session.trial for session in dataset.sessions} == {0, 1, 2, 3}
    assert len({session.group for session in dataset.sessions}) == 50
    assert sum(label.value == "pass" for label in dataset.labels) / 200 == pytest.approx(0.42)
    raw = json.loads(gzip.decompress((data / "tau_bench_airline" / "gpt-4o-airline.json.gz").read_bytes()))
    n_messages = sum(message["role"] != "tool" for row in raw for message in row["traj"])
    assert sum(len(session.turns) for session in dataset.sessions) == n_messages


def test_who_and_when_agents_by_name_and_the_wrong_step(data: Path, imported: Importing) -> None:
    """28 files become 28 sessions; the label of the mistake points at the turn of the agent it names."""
    files = sorted((data / "who_and_when" / "hand_crafted").glob("*.json.gz"))
    report = imported("sessions", *files, "--map", "id=question_ID", "--map", "messages=history")
    assert (report["n_rows"], report["n_new"]) == (28, 28)
    report = imported(
        "labels", *files, *words("--map", "session=question_ID", "value=mistake_agent", "turn=mistake_step"),
        "--map", "rationale=mistake_reason", *words("--set", "criterion=culprit", "rater=consensus"), "--scale", "text",
    )  # fmt: skip
    assert report["n_new"] == 28
    dataset = load(imported)
    assert sum(len(session.turns) for session in dataset.sessions) == 1497
    for label in dataset.labels:
        turn = next(turn for turn in dataset.session_by_id[label.target].turns if turn.id == label.turn)
        assert str(label.value).lower() in str(turn.name).lower()
        assert label.rationale


def test_code_review_numbered_rows_with_reasons(data: Path, imported: Importing) -> None:
    """50 reviews without ids are numbered; 12 empty comments are no reasons."""
    imported(*recipe.review_sessions(data))
    report = imported(*recipe.review_labels(data))
    assert report["counts"] == {"quality": {"expert": {"bad": 27, "good": 23}}}
    dataset = load(imported)
    assert sum(label.rationale is None for label in dataset.labels) == 12
    assert [label.session for label in dataset.labels][:2] == ["review-1", "review-2"]
    assert len(dataset.sessions) == 50
