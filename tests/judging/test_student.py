"""The student applied: known answers from hand-made weights, features counted as described, exact round trips."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from judgekit.adapters.store.student import load_student, write_student
from judgekit.errors import FileProblem, InputError, InvalidRecord
from judgekit.judging.encoder import Encoder, Lexicon
from judgekit.judging.prompt import PairTarget
from judgekit.judging.session_feature import FEATURES, session_features
from judgekit.judging.student import Student, StudentModel, judge_targets
from judgekit.records.judge import Judge, Lineage
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.session import Pair, Passage, Session, ToolCall, Turn
from judgekit.records.verdict import Failure, Verdict

NOW = datetime(2026, 10, 2, tzinfo=UTC)
N_PLAIN = len(FEATURES)


def encoder(*terms: str) -> Encoder:
    """Return an encoder of these assistant's words, each with idf 1."""
    return Encoder(
        lexicons=(Lexicon(field="assistant", terms=terms, idf=(1.0,) * len(terms)),),
        plain=tuple(feature.name for feature in FEATURES),
        mean=(0.0,) * N_PLAIN,
        spread=(1.0,) * N_PLAIN,
    )


def model(form: str, weights: list[list[float]], intercepts: list[float], levels: tuple[str, ...] = ()) -> StudentModel:
    """Return a model that knows the words `bad` and `good` only."""
    rows = tuple((*row, *(0.0,) * N_PLAIN) for row in weights)
    made = {"form": form, "weights": rows, "intercepts": tuple(intercepts), "levels": levels, "strength": 1.0}
    return StudentModel.model_validate({"encoder": encoder("bad", "good"), **made})


def judge(scale: Scale, full: StudentModel, *folds: StudentModel, units: tuple[str, ...] = ()) -> tuple[Judge, Student]:
    student = Student(criterion="c", seed=7, full=full, folds=folds or (full,))
    made = Judge(
        name="j",
        kind="student",
        criterion=Criterion(id="c", question="?", scale=scale),
        target="pair" if scale.type == "preference" else "session",
        lineage=Lineage(units=units, folds={unit: place for place, unit in enumerate(units)}),
        weights=student.fingerprint(),
    )
    return made, student


def said(text: str, name: str = "s", **more: Any) -> Session:
    return Session(id=name, turns=(Turn(id="1", role="assistant", text=text),), **more)


def only(judged: tuple[Verdict | Failure, ...]) -> Verdict:
    (verdict,) = judged
    assert isinstance(verdict, Verdict)
    return verdict


def test_an_ordered_model_gives_cumulative_logits() -> None:
    """P(above level k) is s(w.x + b_k): with w.x = 1 and b = 1, -1, -3 they are s(2), s(0), s(-2)."""
    pair = judge(
        Scale(type="ordinal", levels=(1, 2, 3, 4)), model("ordered", [[-1, 1]], [1, -1, -3], ("1", "2", "3", "4"))
    )
    verdict = only(judge_targets(*pair, [said("good")], now=NOW))
    s2 = 1 / (1 + math.exp(-2))
    wanted = {"1": 1 - s2, "2": s2 - 0.5, "3": 0.5 - (1 - s2), "4": 1 - s2}
    assert verdict.distribution == pytest.approx(wanted, abs=1e-12)
    assert verdict.score == pytest.approx(sum(int(level) * p for level, p in wanted.items()))
    assert verdict.value == 2
    assert verdict.rationale == "towards 4: 'good' (assistant)"
    assert (verdict.status, verdict.at, verdict.judge) == ("ok", NOW, "j")


def test_a_binary_model_gives_the_likelier_level() -> None:
    """Half and half goes to the level that stands first; a scale of true and false keeps its types."""
    pair = judge(Scale(type="binary", levels=(False, True)), model("ordered", [[-1, 1]], [0], ("false", "true")))
    for text, value in (("good", True), ("bad", False), ("", False)):
        verdict = only(judge_targets(*pair, [said(text)], now=NOW))
        assert verdict.value is value
        assert verdict.score is None
        assert list(verdict.distribution or {}) == ["false", "true"]


def test_categories_are_a_softmax() -> None:
    """Weights per level; a level unseen in training has probability 0."""
    scale = Scale(type="categorical", levels=("a", "b", "c"))
    pair = judge(scale, model("categories", [[1, 0], [0, 1]], [0, 0], ("a", "c")))
    verdict = only(judge_targets(*pair, [said("bad")], now=NOW))
    assert verdict.distribution == pytest.approx({"a": math.e / (math.e + 1), "b": 0, "c": 1 / (math.e + 1)})
    assert verdict.value == "a"
    assert verdict.rationale == "for a: 'bad' (assistant)"


def test_numbers_stay_on_their_scale() -> None:
    """A sum beyond the scale's end is the end."""
    pair = judge(Scale(type="numeric", min=0, max=3), model("number", [[-9, 1]], [1.5]))
    answers = [only(judge_targets(*pair, [said(text)], now=NOW)) for text in ("good", "bad", "")]
    assert [(v.value, v.score) for v in answers] == [(2.5, 2.5), (0.0, 0.0), (1.5, 1.5)]
    assert answers[0].rationale == "higher: 'good' (assistant)"
    assert answers[1].rationale == "lower: 'bad' (assistant)"
    assert answers[2].rationale == "nothing in it stands out"


def test_pairs_are_judged_by_their_difference() -> None:
    """With d = 1 and room for ties b = -1: first s(0), second s(-2), the rest a tie; equal sessions tie."""
    pair = judge(Scale(type="preference"), model("pairs", [[0, 1]], [-1], ("first", "second", "tie")))
    good, none = said("good", "g"), said("", "n")
    verdict = only(judge_targets(*pair, [PairTarget(Pair(id="p", first="g", second="n"), good, none)], now=NOW))
    s2 = 1 / (1 + math.exp(-2))
    assert verdict.distribution == pytest.approx({"first": 0.5, "second": 1 - s2, "tie": 0.5 - (1 - s2)})
    assert (verdict.value, verdict.pair, verdict.order) == ("first", "p", "forward")
    assert verdict.rationale == "for first: 'good' (assistant)"
    equal = PairTarget(Pair(id="q", first="n", second="m"), none, said("", "m"))
    assert only(judge_targets(*pair, [equal], now=NOW)).value == "tie"


def test_training_units_are_judged_by_the_fold_made_without_them() -> None:
    """Each unit goes to its fold, everybody else to the full model, and outcomes keep the order asked in."""
    models = [model("number", [[0, 0]], [value]) for value in (1, 2, 3)]
    pair = judge(Scale(type="numeric"), *models, units=("group:a", "group:b"))
    sessions = [said("x", name, group=group) for name, group in (("1", "b"), ("2", "new"), ("3", "a"), ("4", "b"))]
    judged: tuple[Any, ...] = judge_targets(*pair, sessions, now=NOW)
    assert [(v.session, v.value) for v in judged] == [("1", 3.0), ("2", 1.0), ("3", 2.0), ("4", 3.0)]


def test_a_session_without_turns_is_a_failure() -> None:
    """There is nothing to judge, and no default is made up."""
    pair = judge(Scale(type="numeric"), model("number", [[0, 0]], [1]))
    (outcome,) = judge_targets(*pair, [Session(id="empty")], now=NOW)
    assert isinstance(outcome, Failure)
    assert outcome.detail == "there are no turns to judge"
    assert judge_targets(*pair, [], now=NOW) == ()


def test_weights_of_another_judge_are_refused() -> None:
    """Another criterion, another scale, missing folds, other weights: each is told apart."""
    scale = Scale(type="ordinal", levels=(1, 2, 3))
    made, student = judge(scale, model("ordered", [[0, 1]], [1, 0], ("1", "2", "3")))

    def refused(words: str, a_judge: Judge = made, weights: Student = student) -> None:
        with pytest.raises(InputError, match=words) as caught:
            judge_targets(a_judge, weights, [said("x")], now=NOW)
        assert "Distil the student again" in str(caught.value)

    refused("the weights answer 'd'", weights=student.model_copy(update={"criterion": "d"}))
    other = made.criterion.model_copy(update={"scale": Scale(type="numeric")})
    refused("the judge asks 'c' \\(numeric\\)", a_judge=made.model_copy(update={"criterion": other}))
    fewer = made.criterion.model_copy(update={"scale": Scale(type="ordinal", levels=(1, 2))})
    refused(r"levels \['3'\] that the scale lacks", a_judge=made.model_copy(update={"criterion": fewer}))
    refused("folds beyond", a_judge=made.model_copy(update={"lineage": Lineage(folds={"u": 4})}))
    refused("not those the judge was made with", a_judge=made.model_copy(update={"weights": "sha256:0"}))


def test_weights_come_back_from_their_file_to_the_last_digit(tmp_path: Path) -> None:
    """Saved and loaded, a student is equal, has the same fingerprint, and gives the very same numbers."""
    scale = Scale(type="ordinal", levels=(1, 2, 3))
    odd = model("ordered", [[1 / 3, -2e-17]], [0.1 + 0.2, -1e-300], ("1", "2", "3"))
    made, student = judge(scale, odd, odd, units=("session:s",))
    write_student(tmp_path / "student.json", student)
    loaded = load_student(tmp_path / "student.json")
    assert loaded == student
    assert loaded.fingerprint() == student.fingerprint()
    sessions = [said("good bad bad", "s"), said("bad", "t")]
    assert judge_targets(made, loaded, sessions, now=NOW) == judge_targets(made, student, sessions, now=NOW)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["format"], 99, "format 99 is not known"),
        (["full", "weights"], [[1.0, 2.0]], "weights should be 1 rows of"),
        (["full", "intercepts"], [1.0], "2 intercepts are needed"),
        (["full", "intercepts"], [0.0, 1.0], "never rise"),
        (["full", "encoder", "plain"], ["turns"], "distil the student again"),
        (["full", "encoder", "spread"], [0.0] * N_PLAIN, "above 0"),
        (["full", "encoder", "lexicons", 0, "idf"], [1.0], "2 terms but 1 idf"),
        (["full", "encoder", "lexicons", 0, "field"], "nobody", "nobody"),
        (["full", "form"], "number", "weights|intercepts|forms"),
        (["folds"], None, "folds"),
        (["extra"], 1, "unknown key 'extra'"),
    ],
)
def test_a_weights_file_that_does_not_fit_is_refused(
    path: list[Any], value: object, words: str, tmp_path: Path
) -> None:
    """Shapes, versions and names are held against each other; the file is named."""
    full = model("ordered", [[0, 1]], [1, 0], ("1", "2", "3"))
    file = tmp_path / "student.json"
    write_student(file, Student(criterion="c", seed=7, full=full, folds=(full,)))
    data = json.loads(file.read_text())
    node = data
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    file.write_text(json.dumps(data))
    with pytest.raises(InvalidRecord, match=words) as caught:
        load_student(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_weights_file_cut_off_is_refused(tmp_path: Path) -> None:
    """Half a file, no file, a pickle: one line each, and nothing is executed."""
    full = model("number", [[0, 1]], [1])
    file = tmp_path / "student.json"
    write_student(file, Student(criterion="c", seed=7, full=full, folds=(full,)))
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(InvalidRecord, match="not JSON"):
        load_student(file)
    file.write_bytes(b"\x80\x04\x95cos\nsystem\n")
    with pytest.raises(InvalidRecord):
        load_student(file)
    with pytest.raises(FileProblem, match="no such file"):
        load_student(tmp_path / "none.json")


def plain(session: Session) -> dict[str, float]:
    return dict(zip([f.name for f in FEATURES], session_features(session).plain, strict=True))


def test_plain_features_count_what_they_say() -> None:
    """A session with errors, repeats and promises, counted by hand."""
    call = ToolCall(name="lookup", arguments={"order": 7}, result={"refund": 1200, "status": "sent"})
    again = ToolCall(name="lookup", arguments={"order": 7}, error="timed out")
    turns = (
        Turn(id="1", role="user", text="Where is order 7? Where?!"),
        Turn(
            id="2",
            role="assistant",
            text="Status sent. You get EUR 1,200.00 back, and a 15% voucher in 3 days. Fine?",
            tool_calls=(call, again),
            passages=(Passage(text="Vouchers are for late parcels."),),
        ),
        Turn(id="3", role="user", text="Where is order 7? Where?!"),
    )
    seen = plain(Session(id="s", turns=turns))
    wanted = {
        "turns": 3, "user_turns": 2, "assistant_turns": 1, "user_words": 8, "ends_with_user": 1, "user_questions": 4,
        "assistant_questions": 1, "user_exclaims": 2, "user_repeats": 1, "assistant_repeats": 0, "tool_calls": 2,
        "distinct_tools": 1, "tool_errors": 1, "empty_results": 0, "repeated_calls": 1, "ends_on_tool_error": 1,
        "passages": 1, "unfounded_numbers": 2, "unfounded_amounts": 1,
    }  # fmt: skip
    assert {name: seen[name] for name in wanted} == wanted


def test_grounded_share_is_of_the_assistants_longer_words() -> None:
    """Two of four words of four letters or more stand in the passage."""
    turn = Turn(
        id="1",
        role="assistant",
        text="The lamp is under warranty until spring",
        passages=(Passage(text="Lamp: warranty"),),
    )
    assert plain(Session(id="s", turns=(turn,)))["grounded_share"] == pytest.approx(2 / 5)


@pytest.mark.parametrize("text", ["1,200.00", "1.200,00", "1200", "1200.0"])
def test_a_number_is_known_however_it_is_written(text: str) -> None:
    """Separators and trailing zeros do not make a number unfounded."""
    call = ToolCall(name="t", result={"sum": 1200})
    turn = Turn(id="1", role="assistant", text=f"It is {text} euros", tool_calls=(call,))
    assert plain(Session(id="s", turns=(turn,)))["unfounded_numbers"] == 0


def test_an_empty_session_has_features() -> None:
    """No turns, no division by zero."""
    assert set(session_features(Session(id="s")).plain) == {0.0}
