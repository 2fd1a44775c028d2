"""`plan`: what questions take, what a pilot says and what it may not read, and what a gate will say."""

from __future__ import annotations

import numpy as np
import pytest

from judgekit.analysis.supposition import Guess
from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import Dataset, SplitManifest
from judgekit.records.experiment import Experiment
from judgekit.records.judge import Lineage
from judgekit.records.label import Label
from judgekit.records.planning import PlanReport
from judgekit.records.policy import Better, Ceiling, Floor, NotWorse, Policy, Sequential
from judgekit.records.rubric import Criterion, Scale
from judgekit.records.session import Session
from judgekit.stats.label_worth import multiplier
from judgekit.stats.planning import labels_for_rate, paired_rates
from judgekit.workflows.plan import plan
from judgekit.workflows.plan_gate import plan_gate
from judgekit.workflows.plan_question import Prices, Question, Source
from judgekit.workflows.score import Scoring
from tests.analysis.composed_data import PASSED, QUALITY, TOPIC, dataset, label, session, verdict

FREE = Prices()


@pytest.fixture(autouse=True)
def few_studies(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate gates with fewer studies where a test is not about how exact a power is."""
    if "slow" not in request.keywords:
        monkeypatch.setattr("judgekit.workflows.plan_gate.N_STUDIES", (400, 300))


def ask(question: Question, guess: Guess | None = None, prices: Prices = FREE, **more) -> PlanReport:
    return plan(question, guess or Guess(), prices, np.random.default_rng(7), **more)


def only(report: PlanReport, question: str, design: str = "labels only"):
    [found] = [each for each in report.lines if (each.question, each.design) == (question, design)]
    return found


def there(value: float | None) -> float:
    """Return a number of a line, which must be there."""
    assert value is not None
    return value


def input_number(found: Session) -> int:
    """Return the number in the name of a session's input."""
    assert found.input is not None
    return int(found.input[1:])


def grade(i: int, version: str) -> str:
    """Return what ana says of an input: v1 passes four in five, v2 differs on one input in seven."""
    passed = i % 5 != 0
    return "pass" if passed != (version == "v2" and i % 7 == 0) else "fail"


def pilot(n: int = 120, *, group_of: int | None = None, splits: bool = True) -> Dataset:
    """Return inputs that v1 and v2 met, labelled in both; every third unit is in test."""
    names = [(i, version) for i in range(n) for version in ("v1", "v2")]
    sessions = [
        session(f"{v}-{i}", version=v, input=f"i{i}", **({"group": f"g{i // group_of}"} if group_of else {}))
        for i, v in names
    ]
    labels = [label(f"{v}-{i}", PASSED, "ana", grade(i, v), seconds=31 + i % 2 * 2) for i, v in names]
    units = dict.fromkeys(each.unit() for each in sessions)
    places = {unit: ("test", "train", "dev")[place % 3] for place, unit in enumerate(units)}
    manifest = SplitManifest(seed=1, fractions={"train": 0.34, "dev": 0.33, "test": 0.33}, units=places)
    return dataset(labels, sessions=sessions).model_copy(update={"splits": manifest if splits else None})


def judged(data: Dataset, wrong: int = 10) -> Source:
    """Return the pilot with a judge that is wrong on every tenth session."""
    said = {each.target: str(each.value) for each in data.labels}
    other = {"pass": "fail", "fail": "pass"}
    outcomes = [
        verdict(each, PASSED, said[each] if place % wrong else other[said[each]]) for place, each in enumerate(said)
    ]
    return Source(data, outcomes, Scoring(judge="judy"))


def test_the_first_line_answers() -> None:
    """A rate to plus or minus so much, from nothing but numbers; what was assumed is said."""
    report = ask(Question(half_width=0.05))
    assert report.answer == report.summary[0] == "Label 246 sessions to know a rate of 0.8 to within 0.05 either way."
    assert report.assumed == {"rate": "0.8, assumed", "seconds a label": "90, assumed"}
    assert only(report, "quality").hours == pytest.approx(246 * 90 / 3600)


def test_a_judge_takes_fewer_labels_by_about_its_multiplier() -> None:
    """With a judge of correlation .8 the labels are fewer, near the closed form's multiplier, and never more."""
    report = ask(Question(half_width=0.05), Guess(judge_correlation=0.8, n_inputs=5000))
    helped = only(report, "quality", "with the judge's help")
    gain = multiplier(0.8, helped.n_labels, 5000)
    assert 246 / helped.n_labels == pytest.approx(gain, rel=0.15)
    assert helped.half_width == pytest.approx(0.05, rel=0.05)
    assert f"{gain:.2f}" == report.assumed["label multiplier"]


@pytest.mark.slow
def test_a_drop_is_planned_for_each_test_that_may_decide() -> None:
    """Labels only, exact McNemar and the judge's help, each with its simulated power; Connor's size is too small."""
    report = ask(Question(drop=0.05), Guess(discordant=0.15, judge_correlation=0.8))
    alone, exact = only(report, "drop"), only(report, "drop", "labels only, exact McNemar")
    helped = only(report, "drop", "with the judge's help")
    assert exact.n_inputs > paired_rates(0.15, 0.05)
    assert exact.n_labels == 2 * exact.n_inputs
    assert helped.n_labels < alone.n_labels
    assert helped.n_inputs > helped.n_labels / 2
    for line in (alone, exact, helped):
        assert line.power == pytest.approx(0.8, abs=0.02)
        assert 0 < line.power_error < 0.02
    assert f"{alone.n_inputs:,} inputs" in report.answer
    assert "differences" in report.assumed["label multiplier"]


@pytest.mark.slow
def test_what_labels_can_show_is_what_they_were_planned_for() -> None:
    """The smallest drop that a plan's labels show is the plan's drop."""
    guess = Guess(discordant=0.2)
    planned = only(ask(Question(drop=0.06), guess), "drop")
    shown = only(ask(Question(n_labels=planned.n_labels), guess), "smallest drop")
    assert shown.effect == pytest.approx(0.06, rel=0.05)


@pytest.mark.slow
def test_more_labels_show_less_and_a_judge_shows_less_still() -> None:
    """The smallest drop falls with labels; with the judge's help it is smaller; too few labels show nothing."""
    few, many = (ask(Question(n_labels=n), Guess(judge_correlation=0.8, n_inputs=2000)) for n in (200, 800))
    assert only(many, "smallest drop").effect < only(few, "smallest drop").effect
    assert only(few, "smallest drop", "with the judge's help").effect < only(few, "smallest drop").effect
    assert only(many, "quality").half_width < only(few, "quality").half_width
    none = ask(Question(n_labels=8))
    assert "show no drop at all" in none.answer
    assert only(none, "smallest drop").effect is None


def test_the_rarer_class_decides_tpr_and_tnr() -> None:
    """At 5% failures the random labels are those that hold enough failures."""
    report = ask(Question(class_half_width=0.1, fail_share=0.05))
    assert [(line.question, line.n_labels) for line in report.lines] == [("tnr", 1240), ("tpr", 66)]
    assert "1,240 random sessions" in report.answer
    assert ask(Question(class_half_width=0.1, fail_share=0.05, class_rate=0.9)).lines[0].n_labels == 700


def test_agreement_is_planned_by_its_own_forms() -> None:
    """Kappa above a floor, kappa to a width, a correlation to a width, and a demonstration without failures."""
    assert ask(Question(kappa=0.85, kappa_floor=0.7), Guess(rate=0.5)).lines[0].n_labels == 117
    assert ask(Question(kappa=0.7, half_width=0.1), Guess(rate=0.5)).lines[0].n_labels == 196
    assert ask(Question(correlation=0.7, half_width=0.0715)).lines[0].n_labels == 200
    assert ask(Question(at_most=0.03)).lines[0].n_labels == 99


def test_two_raters_on_some_are_held_against_one_on_all() -> None:
    """At as many labels one rater is narrower on quality; two tell how far experts agree."""
    report = ask(Question(overlap=0.3, n_labels=200))
    quality = {line.design: line for line in report.lines if line.question == "quality" and "rater" in line.design}
    assert there(quality["one rater on all"].half_width) < there(quality["two raters on 30%"].half_width)
    assert quality["two raters on 30%"].n_labels == 154
    assert len({line.hours for line in quality.values()}) == 1
    assert [line.design for line in report.lines if line.question == "agreement"] == [
        "two raters on 30%", "two raters on all",
    ]  # fmt: skip


@pytest.mark.slow
def test_dollars_are_those_of_experts_and_judge_together() -> None:
    """Both prices make a cost; where one that is needed is not known, none is given."""
    guess = Guess(discordant=0.2, judge_correlation=0.8, n_inputs=1000, seconds=60)
    report = ask(Question(drop=0.08), guess, Prices(60.0, 0.01))
    helped, alone = only(report, "drop", "with the judge's help"), only(report, "drop")
    assert helped.cost_usd == pytest.approx(helped.n_labels + 2 * 1000 * 0.01)
    assert alone.cost_usd == pytest.approx(alone.n_labels)
    assert only(ask(Question(drop=0.08), guess, Prices(60.0)), "drop", "with the judge's help").cost_usd is None


@pytest.mark.slow
def test_numbers_without_levels_are_planned_by_their_spread() -> None:
    """A graded scale needs the spread of the differences; the size is near the closed form's."""
    line = only(ask(Question(drop=0.5), Guess(spread=1.0)), "drop")
    assert line.n_inputs == pytest.approx(34, abs=5)


@pytest.mark.slow
def test_a_pilot_says_what_to_expect() -> None:
    """Rate, share that differs, judge and seconds come from the labels of train and dev, and each says so."""
    report = ask(Question(drop=0.05), source=judged(pilot()))
    told = report.assumed
    assert told["rate"] == "0.8, from 80 labels of v1"
    assert told["inputs that differ"].endswith("from 80 inputs of v2 against v1")
    assert told["seconds a label"] == "32, median of the labels"
    assert "from 160 labels beside verdicts" in told["judge"]
    assert told["inputs"] == "120, in the dataset"
    assert report.lines[0].criterion == "passed"
    assert any("it takes new ones" in each for each in report.warnings)


def test_numbers_given_outrank_the_pilot() -> None:
    """What is said with the question stands, and says that it was given."""
    guess = Guess(rate=0.6, discordant=0.3, seconds=10, n_inputs=900, icc=0.1, group_size=2, judge_rates=(0.9, 0.8))
    told = ask(Question(half_width=0.1, n_labels=4), guess, source=judged(pilot())).assumed
    assert told["rate"] == "0.6, given"
    assert told["inputs that differ"] == "0.3, given"
    assert told["judge"] == "TPR 0.9, TNR 0.8, given"
    assert (told["ICC"], told["inputs of a group"]) == ("0.1, given", "2, given")


def test_groups_of_the_dataset_count() -> None:
    """Users with several inputs inflate the plan: by their own ICC where labels say, by .2 where they do not."""
    grouped = ask(Question(half_width=0.1), source=Source(pilot(group_of=4)))
    assert "from the labels" in grouped.assumed["ICC"]
    assert grouped.assumed["inputs of a group"].startswith("4, ")
    little = ask(Question(half_width=0.1), source=Source(pilot(12, group_of=4)))
    assert little.assumed["ICC"] == "0.2, assumed"
    alone = ask(Question(half_width=0.1), Guess(rate=0.8), source=Source(pilot()))
    told = ask(Question(half_width=0.1), Guess(rate=0.8, icc=0.5), source=Source(pilot(group_of=4)))
    assert only(told, "quality").n_labels > 2 * only(alone, "quality").n_labels
    assert only(alone, "quality").n_labels == labels_for_rate(0.8, 0.1)


def poisoned(data: Dataset, value: str) -> Dataset:
    """Return the data with every label of the test split turned into one answer that took a day."""
    labels: list[Label] = [
        each.model_copy(update={"value": value, "seconds": 86_400.0}) if data.split_of(each.target) == "test" else each
        for each in data.labels
    ]
    return data.model_copy(update={"labels": tuple(labels)})


@pytest.mark.slow
@pytest.mark.parametrize(("group_of", "drop"), [(None, 0.1), (4, None)])
def test_labels_of_the_test_split_are_never_read(group_of, drop) -> None:
    """Whatever they say, and how long it took, the plan is the same; without them too."""
    clean = pilot(group_of=group_of)
    question, guess = Question(drop=drop, half_width=0.1, class_half_width=0.1, overlap=0.3), Guess()
    told = [
        ask(question, guess, source=Source(each, judged(clean).outcomes, Scoring(judge="judy"))).model_dump(
            exclude={"dataset_fingerprint"}
        )
        for each in (clean, poisoned(clean, "fail"), poisoned(clean, "pass"))
    ]
    assert told[0] == told[1] == told[2]
    open_only = [each for each in clean.labels if clean.split_of(each.target) != "test"]
    without = clean.model_copy(update={"labels": tuple(open_only)})
    bare = ask(question, guess, source=Source(without, judged(clean).outcomes, Scoring(judge="judy")))
    assert bare.model_dump(exclude={"dataset_fingerprint"}) == told[0]


def test_verdicts_on_groups_that_made_the_judge_say_nothing_of_it() -> None:
    """A judge that was made from these labels knows them by heart."""
    data = pilot()
    source = judged(data)
    made = Lineage(dataset=data.name, units=tuple({each.unit() for each in data.sessions}))
    with pytest.raises(InputError, match="no verdict that may be used"):
        ask(Question(drop=0.1), source=Source(data, source.outcomes, Scoring(judge="judy", lineage=made), ["passed"]))


def test_too_few_labels_beside_verdicts_are_no_pilot_of_a_judge() -> None:
    """Twenty labels beside verdicts are asked for; the error says how many there are."""
    data = pilot(12)
    with pytest.raises(InputError, match="takes 20"):
        ask(Question(drop=0.1), source=judged(data))


@pytest.mark.slow
def test_ordered_levels_and_numbers_are_planned_from_their_labels() -> None:
    """A scale of five levels: the plan's spread of differences is the pilot's; several criteria are told apart."""
    sessions = [session(f"{v}-{i}", version=v, input=f"i{i}") for i in range(60) for v in ("v1", "v2")]
    numbers = {s.id: 1 + (input_number(s) * 7 + (s.version == "v2") * (input_number(s) % 3)) % 5 for s in sessions}
    labels = [label(name, QUALITY, "ana", value) for name, value in numbers.items()]
    labels += [label(name, PASSED, "ana", "pass" if value > 2 else "fail") for name, value in numbers.items()]
    data = dataset(labels, sessions=sessions)
    report = ask(Question(half_width=0.2), source=Source(data))
    assert {line.criterion for line in report.lines} == {"passed", "quality"}
    assert len(report.summary) == 2
    drop = ask(Question(drop=0.8), source=Source(data, criteria=["quality"]))
    assert "as far apart as those of 60 inputs" in drop.assumed["inputs that differ"]
    assert only(drop, "drop").n_inputs > 10


@pytest.mark.slow
def test_a_scale_on_which_less_is_better_plans_for_a_rise() -> None:
    """Worse is more there; the plan takes as many inputs as the mirrored scale's."""
    harm = Criterion(
        id="passed", question="Harm?", scale=Scale(type="binary", levels=("fail", "pass")), direction="lower"
    )
    data = pilot(splits=False)
    turned = data.model_copy(update={"rubric": data.rubric.model_copy(update={"criteria": (harm,)})})
    worse = only(ask(Question(drop=0.05), source=Source(turned)), "drop")
    usual = only(ask(Question(drop=0.05), source=Source(data)), "drop")
    assert worse.n_inputs == pytest.approx(usual.n_inputs, rel=0.05)


@pytest.mark.parametrize(
    ("question", "guess", "words"),
    [
        ({}, {}, "nothing is asked"),
        ({"drop": 0.0}, {}, "too small"),
        ({"drop": 0.3}, {"discordant": 0.1}, "0.3"),
        ({"half_width": 0.1, "power": 1.2}, {}, "power 1.2"),
        ({"half_width": 0.1, "level": 1.0}, {}, "level 1"),
        ({"half_width": 0.1}, {"rate": 1.5}, "rate 1.5"),
        ({"half_width": 0.1}, {"judge_correlation": 2.0}, "judge correlation 2"),
        ({"half_width": 0.1}, {"judge_rates": (0.3, 0.4)}, "no better than chance"),
        ({"half_width": 0.1}, {"judge_rates": (0.9, 0.9), "judge_correlation": 0.5}, "both given"),
        ({"half_width": 0.1}, {"seconds": 0.0}, "seconds 0"),
        ({"half_width": 0.1}, {"judge_correlation": -0.5}, "opposite"),
        ({"half_width": 0.1}, {"spread": 1.0, "judge_rates": (0.9, 0.9)}, "two levels"),
        ({"correlation": 0.5}, {}, "needs a half width"),
        ({"kappa_floor": 0.5}, {}, "needs the kappa"),
        ({"kappa": 0.5, "half_width": 0.1}, {"spread": 1.0}, "two levels"),
        ({"class_half_width": 0.1}, {"spread": 1.0}, "two levels"),
        ({"overlap": 1.5}, {}, "overlap 1.5"),
        ({"n_labels": -5}, {}, "-5"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_in_one_line(question, guess, words) -> None:
    """What, the offending number, and what to do."""
    with pytest.raises(InputError) as refused:
        ask(Question(**question), Guess(**guess))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_criteria_without_an_order_are_refused_by_name() -> None:
    """Unordered levels have no differences; unknown criteria list the known."""
    data = dataset([label("a", TOPIC, "ana", "b")])
    with pytest.raises(InputError, match="no differences to plan for"):
        ask(Question(half_width=0.1), source=Source(data, criteria=["topic"]))
    with pytest.raises(InputError, match="no criterion with labels has an order"):
        ask(Question(half_width=0.1), source=Source(data))
    with pytest.raises(UnknownName):
        ask(Question(half_width=0.1), source=Source(data, criteria=["pased"]))
    with pytest.raises(InputError, match="below 0"):
        Prices(-1.0)


def experiment(*rules, **policy) -> Experiment:
    return Experiment(
        name="try", dataset="d", baseline="v1", candidate="v2", gate=Policy(rules=rules, **policy) if rules else None
    )


def gate(found: Experiment, question: Question | None = None, guess: Guess | None = None, source=None) -> PlanReport:
    return plan_gate(
        found, question or Question(), guess or Guess(), FREE, np.random.default_rng(7),
        source=source or Source(pilot()),
    )  # fmt: skip


def chance(report: PlanReport, design: str) -> float:
    [found] = [line.power for line in report.lines if line.design == design]
    return there(found)


@pytest.mark.slow
def test_a_gate_passes_what_is_as_good_and_seldom_what_is_worse_by_its_margin() -> None:
    """Joint power over the rules: at the margin at most the level's 5% pass; more labels pass more that is fine."""
    found = experiment(NotWorse(criterion="passed", margin=0.1))
    few, many = (gate(found, Question(n_labels=n), Guess(n_inputs=2000)) for n in (200, 800))
    for report in (few, many):
        assert chance(report, "worse by the margin: pass") < 0.09
        assert chance(report, "worse by the margin: fail") < 0.09
        words = ("pass", "fail", "inconclusive")
        assert sum(chance(report, f"no true change: {word}") for word in words) == pytest.approx(1)
    assert chance(many, "no true change: pass") > chance(few, "no true change: pass") + 0.1
    assert chance(many, "worse by twice the margin: fail") > chance(few, "worse by twice the margin: fail")
    assert "as good as the baseline passes with a chance of" in many.answer


@pytest.mark.slow
def test_every_rule_must_hold() -> None:
    """More rules pass less often together than each does alone; a floor far off is never passed."""
    rules = (NotWorse(criterion="passed", margin=0.1), Floor(criterion="passed", at_least=0.75))
    report = gate(experiment(*rules), Question(n_labels=400), Guess(n_inputs=1000))
    alone = [there(line.power) for line in report.lines if line.question == "rule"]
    assert len(alone) == 2
    assert chance(report, "no true change: pass") <= min(alone) + 1e-9
    high = gate(experiment(Floor(criterion="passed", at_least=0.95)), Question(n_labels=400), Guess(n_inputs=1000))
    assert chance(high, "no true change: pass") == 0
    assert chance(high, "no true change: fail") > 0.9


@pytest.mark.slow
def test_a_rule_of_superiority_needs_a_gain() -> None:
    """Without a true change it passes as often as it errs; with one asked about it is the first answer."""
    better = experiment(Better(criterion="passed"))
    report = gate(better, Question(n_labels=600, gain=0.1), Guess(n_inputs=1000))
    assert "better by 0.1" in report.answer
    assert chance(report, "better by 0.1 where it must be: pass") > 0.8
    assert chance(report, "no true change: pass") < 0.08
    assert any("--gain" in each for each in report.warnings)


@pytest.mark.slow
def test_a_judge_helps_a_gate() -> None:
    """Verdicts on all inputs let the same labels pass more of what is fine."""
    found = experiment(NotWorse(criterion="passed", margin=0.06), certificate="not_needed")
    alone = gate(found, Question(n_labels=200), Guess(n_inputs=2000, discordant=0.2))
    helped = gate(found, Question(n_labels=200), Guess(n_inputs=2000, discordant=0.2, judge_rates=(0.97, 0.95)))
    assert chance(helped, "no true change: pass") > chance(alone, "no true change: pass") + 0.05


@pytest.mark.slow
def test_slices_ceilings_and_the_judges_own_view_are_rules_too() -> None:
    """A slice has fewer inputs and passes less often; ceilings are taken to hold, and looks are told of."""
    data = pilot(splits=False)
    sessions = tuple(
        each.model_copy(update={"metadata": {"lang": "de" if input_number(each) % 4 == 0 else "en"}})
        for each in data.sessions
    )
    data = data.model_copy(update={"sessions": sessions})
    found = experiment(
        NotWorse(criterion="passed", margin=0.15, slices=("metadata.lang=de",)),
        NotWorse(criterion="passed", margin=0.1, of="judge"),
        Floor(criterion="passed", at_least=0.6, of="judge"),
        Ceiling(quantity="cost_usd", at_most=1.0),
        sequential=Sequential(),
    )
    report = gate(found, Question(n_labels=300), Guess(n_inputs=600, judge_rates=(0.9, 0.9)), Source(data))
    rules = {line.design: there(line.power) for line in report.lines if line.question == "rule"}
    whole, slice_, *_ = rules.values()
    assert len(rules) == 4
    assert slice_ < whole
    assert any("cost or latency" in each for each in report.warnings)
    assert any("looks while it judges" in each for each in report.warnings)


@pytest.mark.parametrize(
    ("found", "question", "words"),
    [
        (experiment(), {}, "declares no gate"),
        (experiment(Ceiling(quantity="cost_usd", at_most=1.0)), {}, "no rule on a criterion"),
        (experiment(NotWorse(criterion="passed", margin=0.1, of="judge")), {}, "no judge is known"),
        (experiment(NotWorse(criterion="passed", margin=0.1)), {"n_labels": 4}, "--labels"),
        (experiment(NotWorse(criterion="passed", margin=0.1, slices=("tags=x",))), {}, "tags=x"),
    ],
)
def test_a_gate_that_could_not_be_held_is_not_planned(found, question, words) -> None:
    """No gate, no rule on a criterion, no judge, no labels, no such slice: one line each."""
    with pytest.raises(InputError) as refused:
        gate(found, Question(**question))
    assert words in str(refused.value)


@pytest.mark.slow
def test_a_gates_chance_is_that_of_the_gate_itself() -> None:
    """Whole datasets drawn and gated pass as often as the plan says, within the error of both simulations."""
    from judgekit.analysis.agreement import Measuring
    from judgekit.workflows.gate import gate as held

    found = experiment(
        NotWorse(criterion="passed", margin=0.12), Floor(criterion="passed", at_least=0.7), certificate="not_needed"
    )
    guess, n, n_labelled = Guess(rate=0.8, discordant=0.2, n_inputs=300, judge_rates=(0.9, 0.85)), 300, 120
    planned = chance(gate(found, Question(n_labels=2 * n_labelled), guess), "no true change: pass")
    source, passed, n_runs = np.random.default_rng(5), 0, 250
    for _ in range(n_runs):
        kinds = source.choice(4, size=n, p=[0.1, 0.1, 0.1, 0.7])  # neither, lost, won, both
        truth = {"v1": np.isin(kinds, (1, 3)), "v2": np.isin(kinds, (2, 3))}
        sessions = [session(f"{v}-{i}", version=v, input=f"i{i}") for v in truth for i in range(n)]
        labels = [
            label(f"{v}-{i}", PASSED, "ana", "pass" if truth[v][i] else "fail", design={"method": "random"})
            for v in truth
            for i in range(n_labelled)
        ]
        flips = {v: np.where(truth[v], source.random(n) < 0.1, source.random(n) < 0.15) for v in truth}
        outcomes = [
            verdict(f"{v}-{i}", PASSED, "pass" if truth[v][i] != flips[v][i] else "fail")
            for v in truth
            for i in range(n)
        ]
        data = dataset(labels, sessions=sessions)
        measuring = Measuring(np.random.default_rng(1), n_resamples=200)
        report = held(data, [(outcomes, Scoring(judge="judy"))], found, measuring=measuring, standings=())
        passed += report.word == "pass"
    assert abs(passed / n_runs - planned) < 3 * np.sqrt(planned * (1 - planned) / n_runs) + 0.02
