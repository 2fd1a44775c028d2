"""`calibrate`: gains where the judge is off, leaves it alone where not, and refuses labels that cannot support it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from judgekit.errors import InputError, UnknownName
from judgekit.judging.calibration import calibrated_outcomes, length_of, require_fitting
from judgekit.records.calibration import Calibrations
from judgekit.records.dataset import Dataset, SplitManifest
from judgekit.records.judge import Judge, Lineage
from judgekit.records.rubric import Criterion, level_text
from judgekit.records.verdict import Failure, Verdict
from judgekit.workflows.calibrate import CalibratedJudge, calibrate
from judgekit.workflows.calibration_input import Calibrating, Heard
from tests.analysis.composed_data import (
    BETTER,
    LENGTH,
    PASSED,
    QUALITY,
    TOPIC,
    WORDS,
    dataset,
    failure,
    label,
    measuring,
    pair,
    rows_of,
    session,
    verdict,
)

N = 80


def judge_of(criterion: Criterion, **fields: Any) -> Judge:
    target = "pair" if criterion.scale.type == "preference" else "session"
    return Judge.model_validate({"name": "judy", "kind": "stored", "criterion": criterion, "target": target, **fields})


def composed(
    seed: int = 3, *, shift: int = 2, noise: float = 0.6, n: int = N, raters: int = 2
) -> tuple[Dataset, list[Any]]:
    """Return sessions rated 1 to 5 by experts who nearly agree, and a judge who is `shift` levels too kind."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 4, n)
    given = [
        label(f"s{i:03}", QUALITY, name, int(np.clip(truth[i] + (rng.random() < 0.1), 1, 5)))
        for i in range(n)
        for name in ("ana", "ben")[:raters]
    ]
    said = np.clip(np.round(truth + shift + noise * rng.normal(size=n)), 1, 5).astype(int)
    return dataset(given), [verdict(f"s{i:03}", QUALITY, int(said[i])) for i in range(n)]


def read_by(judge: Any, outcomes: Any, **how: Any) -> list[Any]:
    return list(calibrated_outcomes(judge, outcomes, **how))


def calibrated(data: Dataset, outcomes: list[Any], criterion: Criterion = QUALITY, **how: Any) -> CalibratedJudge:
    others = how.pop("others", ())
    heard = [Heard("judy", outcomes, lineage=how.pop("lineage", Lineage())), *others]
    return calibrate(data, judge_of(criterion), heard, Calibrating(**how), measuring())


def test_a_bias_is_taken_away_and_the_rest_is_left() -> None:
    """Two levels too kind: the bias goes, the order stays and is said to, the ceiling stands beside."""
    data, outcomes = composed()
    found = calibrated(data, outcomes)
    (calibration,) = found.judge.calibrations
    rows = found.report.rows
    assert rows_of(rows, "judge~reference")["bias"].value > 1.5
    assert abs(rows_of(rows, "calibrated~reference")["bias"].value) < 0.1
    assert rows_of(rows, "calibrated~reference")["mae"].value < 0.7
    assert "spearman" not in rows_of(rows, "calibrated~reference")
    assert "rater~others" in {row.between for row in rows}
    words = " ".join(found.report.outcomes[0].words)
    assert "ranking of sessions is not changed" in words
    assert (calibration.gain.low or 0) > 0
    assert calibration.units == tuple(f"session:s{i:03}" for i in range(N))


def test_a_judge_who_is_right_is_kept_as_it_is() -> None:
    """No method is worth having where there is nothing to mend; the judge's fingerprint stays."""
    data, outcomes = composed(shift=0, noise=0.2)
    found = calibrated(data, outcomes)
    assert found.judge.calibrations == ()
    assert found.judge.judge_fingerprint == judge_of(QUALITY).judge_fingerprint
    assert "the raw judge is kept" in found.report.summary[0]
    assert not any(trial.is_chosen for trial in found.report.trials)


@pytest.mark.slow
def test_a_calibration_that_no_longer_gains_goes() -> None:
    """An earlier one of the same criterion is not left standing."""
    data, outcomes = composed()
    earlier = calibrated(data, outcomes).judge
    right, said = composed(shift=0, noise=0.2)
    again = calibrate(right, earlier, [Heard("judy", said)], Calibrating(), measuring())
    assert again.judge.calibrations == ()


@pytest.mark.slow
def test_noise_is_seldom_taken_for_a_gain() -> None:
    """A judge without bias, on 20 data sets: hardly any calibration."""
    found = [calibrated(*composed(seed, shift=0, noise=0.7, n=40)).judge.calibrations for seed in range(20)]
    assert sum(map(bool, found)) <= 3


@pytest.mark.parametrize("method", ["offset", "linear", "table", "isotonic", "proportional_odds", "stacked"])
def test_each_method_comes_back_from_its_numbers(method):
    """What is written gives the same verdicts after reading; raw answers stay beside."""
    data, outcomes = composed(n=120 if method != "isotonic" else 200)
    other = Heard("omar", [each.model_copy(update={"judge": "omar"}) for each in outcomes[:110]])
    found = calibrated(data, outcomes, method=method, others=[other])
    judge = found.judge
    (calibration,) = Calibrations.model_validate_json(
        Calibrations(calibrations=judge.calibrations).model_dump_json(exclude_none=True)
    ).calibrations
    assert calibration == judge.calibrations[0]
    beside = {"omar": other.outcomes}
    before = read_by(judge, outcomes, beside=beside)
    read = judge.model_copy(update={"calibrations": (calibration,)})
    assert read_by(read, outcomes, beside=beside) == before
    for raw, each in zip(outcomes, before, strict=True):
        assert each.metadata["raw"] == {"value": raw.value}
        assert 1 <= each.score <= 5
        low, high = each.metadata["interval"]
        assert low <= each.score <= high
        assert each.value in (1, 2, 3, 4, 5)
    if method in ("table", "proportional_odds"):
        assert sum(before[0].distribution.values()) == pytest.approx(1)


def test_the_judge_is_another_when_calibrated_and_asks_the_same() -> None:
    """Part of the judge's fingerprint, never of the request's."""
    data, outcomes = composed()
    plain, judge = judge_of(QUALITY), calibrated(data, outcomes).judge
    assert judge.request_fingerprint == plain.request_fingerprint
    assert judge.judge_fingerprint != plain.judge_fingerprint == judge.raw_fingerprint
    assert judge.verdict_lineage.barred("composed") == {f"session:s{i:03}" for i in range(N)}
    assert judge.verdict_lineage.barred("another") == set()


def binary_data(seed: int = 5, n: int = 120) -> tuple[Dataset, list[Any]]:
    rng = np.random.default_rng(seed)
    truth = rng.random(n)
    given = [
        label(f"s{i:03}", PASSED, "ana", "pass" if truth[i] + 0.2 * rng.normal() > 0.7 else "fail") for i in range(n)
    ]
    said = [verdict(f"s{i:03}", PASSED, None, score=float(np.clip(truth[i] ** 0.3, 0, 1)), sample=0) for i in range(n)]
    return dataset(given), said


def test_a_binary_judge_gets_probabilities():
    """Overconfident scores become chances; the Brier score falls, and accuracy's change has an interval."""
    found = calibrated(*binary_data(), PASSED)
    rows = found.report.rows
    assert rows_of(rows, "calibrated~reference")["brier"].value < rows_of(rows, "judge~reference")["brier"].value
    assert rows_of(rows, "calibrated~judge")["accuracy_difference"].low is not None
    (calibration,) = found.judge.calibrations
    assert (calibration.loss, calibration.conformal) == ("brier", None)
    one = next(iter(read_by(found.judge, binary_data()[1])))
    assert set(one.distribution) == {'"fail"', '"pass"'}
    assert one.score == pytest.approx(one.distribution['"pass"'])


def test_scores_without_a_place_on_the_scale_are_calibrated_too() -> None:
    """A judge of 1 to 10 on pass and fail: there is no raw loss, and it says so."""
    data, said = binary_data()
    ten = [each.model_copy(update={"score": 1 + 9 * each.score}) for each in said]
    found = calibrated(data, ten, PASSED)
    assert found.report.outcomes[0].gain.undefined is not None
    assert "no place on the scale" in found.report.summary[0]
    assert found.judge.calibrations[0].method in ("platt", "isotonic")


@pytest.mark.slow
def test_two_judges_and_length_are_stacked_where_that_gains() -> None:
    """Each is right on its own half of the pairs' features; the head reads both, and the length."""
    rng = np.random.default_rng(11)
    levels = ("first", "second", "tie")
    truth = rng.integers(0, 3, 240)
    pairs = [pair(f"p{i:03}", group=f"g{i // 2}") for i in range(240)]
    given = [label(f"p{i:03}", BETTER, "ana", levels[truth[i]]) for i in range(240)]

    def says(name: str, seed: int) -> list[Any]:
        own = np.random.default_rng(seed)
        wrong = own.random(240) < 0.35
        guess = np.where(wrong, own.integers(0, 3, 240), truth)
        return [verdict(f"p{i:03}", BETTER, levels[guess[i]], judge=name) for i in range(240)]

    data = dataset(given, pairs=pairs)
    others = [Heard("omar", says("omar", 2)), Heard("olga", says("olga", 3))]
    found = calibrated(data, says("judy", 1), BETTER, others=others, has_length=True)
    (calibration,) = found.judge.calibrations
    assert calibration.method == "stacked"
    assert calibration.other_judges == ("omar", "olga")
    assert len(calibration.units) == 120
    gain = rows_of(found.report.rows, "calibrated~judge")["accuracy_difference"]
    assert gain.low > 0
    with pytest.raises(InputError, match=r"also reads verdicts of omar.*--beside RUN"):
        require_fitting(found.judge, {})
    require_fitting(found.judge, {"omar": None, "olga": None})


def test_other_criteria_and_length_are_read_when_asked() -> None:
    """Inputs are named in the report; a session's length is the logarithm of its characters."""
    data, outcomes = composed()
    tone = [verdict(each.session, LENGTH, 5) for each in outcomes]
    found = calibrated(data, [*outcomes, *tone], has_criteria=True, has_length=True)
    assert found.report.inputs == ("judy on quality", "judy on length", "length of the session")
    assert length_of(session("abc")).number == pytest.approx(np.log1p(len("I am abc")))


def test_samples_are_averaged_and_failures_stay():
    """All samples of a session get one answer; a failure and a status are left as they are."""
    data, outcomes = composed()
    judge = calibrated(data, outcomes).judge
    some = [verdict("s000", QUALITY, 5), verdict("s000", QUALITY, 3, sample=1), failure("s001", QUALITY)]
    some.append(verdict("s002", QUALITY, "cannot_judge"))
    first, second, failed, silent = read_by(judge, some)
    assert [type(each) for each in (first, second, failed)] == [Verdict, Verdict, Failure]
    assert first.score == second.score
    assert (failed, silent) == (some[2], some[3])
    assert (first.metadata["raw"]["value"], second.metadata["raw"]["value"]) == (5, 3)


def test_labels_that_made_the_judge_do_not_calibrate_it() -> None:
    """They are left out and named; where all did, it is refused; a fold made without them lets them in."""
    data, outcomes = composed()
    units = tuple(f"session:s{i:03}" for i in range(N))
    part = calibrated(data, outcomes, lineage=Lineage(dataset="composed", units=units[:30]))
    assert part.report.counts[0].dropped["in_lineage"] == 30
    assert "30 labelled sessions helped to make a judge" in part.report.warnings[-1]
    assert part.judge.calibrations[0].n == N - 30
    with pytest.raises(InputError, match=r"all 80 labelled sessions helped to make the judge \(s000, s001"):
        calibrated(data, outcomes, lineage=Lineage(dataset="composed", units=units))
    folds = Lineage(dataset="composed", units=units, folds=dict.fromkeys(units, 0))
    assert calibrated(data, outcomes, lineage=folds).judge.calibrations[0].n == N


def test_what_cannot_be_supported_is_refused_with_what_is_missing():
    """Too few, all alike, experts who do not agree, a method that does not fit."""
    data, outcomes = composed()
    few = dataset([each for each in data.labels if str(each.session) < "s012"])
    with pytest.raises(InputError, match=r"12 labelled and judged units are too few.*Label 8 more; 20 are needed"):
        calibrated(few, outcomes[:12])
    alike = dataset([label(f"s{i:03}", QUALITY, "ana", 3) for i in range(N)])
    with pytest.raises(InputError, match=r"all labels are alike"):
        calibrated(alike, outcomes)
    rng = np.random.default_rng(1)
    quarrel = dataset([label(f"s{i:03}", QUALITY, who, int(rng.integers(1, 6))) for i in range(N) for who in "ab"])
    with pytest.raises(InputError, match=r"the experts barely agree with each other \(Krippendorff alpha"):
        calibrated(quarrel, outcomes)
    with pytest.raises(InputError, match=r"method stacked: it needs a second input"):
        calibrated(data, outcomes, method="stacked")
    with pytest.raises(InputError, match=r"method platt: it does not fit the data"):
        calibrated(data, outcomes, method="platt")
    few50, said = composed(n=30)
    with pytest.raises(InputError, match=r"method proportional_odds: it needs 50 units and there are 30"):
        calibrated(few50, said, method="proportional_odds")


def test_a_shift_that_is_the_same_everywhere_is_a_gain() -> None:
    """All units gain alike, so that nothing is left to resample: that is no noise. A judge who is right gains none."""
    truth = [1 + i % 4 for i in range(N)]
    data = dataset([label(f"s{i:03}", QUALITY, "ana", truth[i]) for i in range(N)])
    found = calibrated(data, [verdict(f"s{i:03}", QUALITY, truth[i] + 1) for i in range(N)], method="offset")
    assert found.judge.calibrations[0].method == "offset"
    assert found.report.outcomes[0].gain.value == pytest.approx(1.0)
    assert "is not more than noise" not in found.report.summary[0]
    kept = calibrated(data, [verdict(f"s{i:03}", QUALITY, truth[i]) for i in range(N)], method="offset")
    assert kept.judge.calibrations == ()


def test_verdicts_that_no_method_can_read_are_refused() -> None:
    """Scores on levels without an order, and few scores of pass and fail: what is missing is told."""
    data = dataset([label(f"s{i:03}", TOPIC, "ana", "abc"[i % 3]) for i in range(N)])
    scores = [verdict(f"s{i:03}", TOPIC, None, score=1.0) for i in range(N)]
    with pytest.raises(InputError, match=r"no verdict says a level"):
        calibrated(data, scores, TOPIC)
    with pytest.raises(InputError, match=r"no verdict says a level"):
        calibrated(data, scores, TOPIC, method="table")
    few, said = binary_data(n=25)
    with pytest.raises(InputError, match=r"criterion passed: .*25 units.*platt needs 30"):
        calibrated(few, said, PASSED)


@pytest.mark.parametrize(("how", "what"), [({"coverage": 1.5}, "coverage 1.5"), ({"coverage": 0.2}, "coverage 0.2")])
def test_a_coverage_that_is_no_coverage_is_refused(how: dict[str, Any], what: str) -> None:
    """From Python nothing else stands before it."""
    with pytest.raises(InputError, match=what):
        calibrated(*composed(), **how)


def test_a_split_that_there_is_not_is_refused() -> None:
    """Also where the dataset has none."""
    with pytest.raises(UnknownName, match="'nope'"):
        calibrated(*composed(), splits=("nope",))


def test_the_test_split_never_calibrates() -> None:
    """Asked for it is refused; else it is not read."""
    data, outcomes = composed()
    units = {f"session:s{i:03}": ("train", "dev", "test", "dev")[i % 4] for i in range(N)}
    split = SplitManifest(seed=1, fractions={"train": 0.25, "dev": 0.5, "test": 0.25}, units=units)
    drawn = data.model_copy(update={"splits": split})
    found = calibrated(drawn, outcomes)
    assert found.judge.calibrations[0].n == 60
    assert found.report.split == "train+dev"
    with pytest.raises(InputError, match=r"test split testifies"):
        calibrated(drawn, outcomes, splits=("dev", "test"))


def test_verdicts_must_be_the_judges_own_and_raw() -> None:
    """Of another judge, or calibrated already: each is told; made with other settings, it is noted and held to."""
    data, outcomes = composed()
    judge = calibrated(data, outcomes).judge
    for heard, told in (
        (Heard("judy", outcomes, judge.judge_fingerprint), "calibrated already"),
        (Heard("judy", outcomes, lineage=judge.verdict_lineage), "calibrated already"),
        (Heard("omar", outcomes, "sha256:0"), "by 'omar'"),
    ):
        with pytest.raises(InputError, match=told):
            calibrate(data, judge, [heard], Calibrating(), measuring())
    with pytest.raises(InputError, match="verdicts of 'judy' are given twice"):
        calibrated(data, outcomes, others=[Heard("judy", outcomes)])
    other = calibrate(data, judge_of(QUALITY), [Heard("judy", outcomes, "sha256:0")], Calibrating(), measuring())
    assert "as its folder is now" in other.report.warnings[0]
    with pytest.raises(InputError, match="judy changed since it was calibrated"):
        require_fitting(other.judge, {})
    with pytest.raises(UnknownName, match="unknown criterion 'qualty'"):
        calibrated(data, outcomes, criteria=("qualty",))
    with pytest.raises(InputError, match="text scale has no numbers"):
        calibrated(data, outcomes, WORDS)


def test_a_judge_that_changed_is_not_calibrated_with_old_numbers() -> None:
    """Whether it is this judge or one that stands beside."""
    data, outcomes = composed()
    plain = judge_of(QUALITY)
    heard = Heard("judy", outcomes, plain.raw_fingerprint)
    judge = calibrate(data, plain, [heard], Calibrating(), measuring()).judge
    require_fitting(judge, {})
    with pytest.raises(InputError, match=r"judy changed since it was calibrated.*Calibrate again"):
        require_fitting(judge.model_copy(update={"verdicts": "sha256:new"}), {})


def test_numbers_that_are_missing_are_told() -> None:
    """A file changed by hand."""
    data, outcomes = composed()
    judge = calibrated(data, outcomes, method="table").judge
    broken = judge.calibrations[0].model_copy(update={"parameters": {}})
    with pytest.raises(InputError, match=r"the table calibration lacks 'rows'"):
        list(calibrated_outcomes(judge.model_copy(update={"calibrations": (broken,)}), outcomes))


def test_a_numeric_and_a_categorical_scale_are_calibrated():
    """Numbers by shift and slope, levels without order by their table; each value is legal."""
    rng = np.random.default_rng(2)
    truth = rng.uniform(10, 60, N)
    numbers = dataset([label(f"s{i:03}", LENGTH, "ana", float(truth[i])) for i in range(N)])
    said = [verdict(f"s{i:03}", LENGTH, float(truth[i] * 1.3 + 8)) for i in range(N)]
    judge = calibrated(numbers, said, LENGTH).judge
    assert judge.calibrations[0].method in ("linear", "isotonic")
    errors = [each.score - truth[i] for i, each in enumerate(read_by(judge, said))]
    assert np.abs(errors).mean() < 2
    topics = rng.integers(0, 3, N)
    places = dataset([label(f"s{i:03}", TOPIC, "ana", "abc"[topics[i]]) for i in range(N)])
    turned = [verdict(f"s{i:03}", TOPIC, "bca"[topics[i]]) for i in range(N)]
    judge = calibrated(places, turned, TOPIC).judge
    values = [each.value for each in read_by(judge, turned)]
    assert values == ["abc"[topic] for topic in topics]
    assert all(each.score is None for each in read_by(judge, turned))


def test_the_order_of_lines_does_not_matter() -> None:
    """Labels and verdicts turned round give the same calibration."""
    data, outcomes = composed()
    turned = data.model_copy(update={"labels": data.labels[::-1]})
    assert calibrated(turned, outcomes[::-1]).judge == calibrated(data, outcomes).judge


def test_several_criteria_are_calibrated_one_by_one() -> None:
    """What one of them lacks is told, and the others go on."""
    data, outcomes = composed()
    judge = Judge.model_validate(
        {
            "name": "judy", "model": "openai/m", "system": "S", "user": "{{ session }}", "criterion": QUALITY,
            "further_criteria": [PASSED],
        }
    )  # fmt: skip
    found = calibrate(data, judge, [Heard("judy", outcomes)], Calibrating(), measuring())
    assert [each.criterion for each in found.judge.calibrations] == ["quality"]
    assert any("0 labelled and judged units are too few" in words for words in found.report.summary)
    assert level_text(found.judge.criterion.scale.levels[0]) == "1"
    assert replace(Calibrating(), seed=8).seed == 8
