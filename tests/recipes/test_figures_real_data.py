"""Real data through the command line: the published figures come out of agree, score and compare."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from judgekit.cli.main import main
from tests.recipes import recipe
from tests.recipes.recipe import DIMENSIONS, words

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def quietly(*arguments: object) -> None:
    """Run one command that must end well."""
    assert main([str(each) for each in arguments] + ["-q"]) == 0


def imported(recipe: list[str], dataset: Path, *more: object) -> None:
    """Import by a recipe into a dataset."""
    quietly("import", *recipe, "--dataset", dataset, *more)


@pytest.fixture
def rows(capsys):
    """Give a function that runs an analytic command and returns its rows as a table of values."""

    def run(*arguments: object) -> dict[tuple[str, str, str], dict[str, Any]]:
        capsys.readouterr()
        assert main([*[str(each) for each in arguments], "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        whole = [row for row in report["rows"] if row["slice"] is None]
        return {(row["criterion"], row["between"], row["metric"]): row["estimate"] for row in whole}

    return run


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    return shared / "data"


@pytest.fixture(scope="module")
def pandalm(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("pandalm")
    imported(recipe.pandalm_pairs(data), home / "d")
    imported(recipe.pandalm_labels(data), home / "d")
    for name in recipe.PANDALM_JUDGES:
        imported(recipe.pandalm_verdicts(data, name), home / "d", "-o", home / f"{name}.jsonl")
    return home


def test_pandalm_agreement_of_three_annotators(pandalm: Path, rows) -> None:
    """Three pairwise kappas and the nominal alpha, as the source's README and data/README.md state."""
    found = rows("agree", pandalm / "d")
    assert found["preferred", "one~two", "cohen_kappa"]["value"] == pytest.approx(0.8520, abs=5e-5)
    assert found["preferred", "one~three", "cohen_kappa"]["value"] == pytest.approx(0.8789, abs=5e-5)
    assert found["preferred", "three~two", "cohen_kappa"]["value"] == pytest.approx(0.8617, abs=5e-5)
    alpha = found["preferred", "raters", "krippendorff_alpha_nominal"]
    assert alpha["value"] == pytest.approx(0.86422, abs=5e-6)
    assert alpha["n"] == 999


def test_pandalm_judges_against_the_majority(pandalm: Path, rows, capsys) -> None:
    """Garbage counts as wrong: 0.6977 and 0.6677; majority 105 ties, 422 first, 472 second."""
    found = rows("score", pandalm / "gpt-3.5-turbo.jsonl", pandalm / "d", "--reference", "majority")
    accuracy = found["preferred", "judge~reference", "pairwise_accuracy"]
    assert (accuracy["value"], accuracy["n"]) == (pytest.approx(0.6977, abs=5e-5), 999)
    capsys.readouterr()
    assert main(["score", str(pandalm / "pandalm-7b.jsonl"), str(pandalm / "d"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    seven = {(r["between"], r["metric"]): r["estimate"]["value"] for r in report["rows"] if r["slice"] is None}
    assert seven["judge~reference", "pairwise_accuracy"] == pytest.approx(0.6677, abs=5e-5)
    assert seven["judge~reference", "cohen_kappa"] == pytest.approx(0.4354, abs=5e-5)
    (table,) = report["confusions"]
    human = dict(zip(table["levels"], map(sum, zip(*table["counts"], strict=True)), strict=True))
    assert human == {"first": 422, "second": 472, "tie": 105}


@pytest.fixture(scope="module")
def lend_an_ear(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("ear")
    imported(recipe.ear_sessions(data), home / "d")
    for number in (1, 2, 3):
        imported(recipe.ear_labels(data, number), home / "d")
    for name, file in (("gemini", "gemini_ratings.csv.gz"), ("crowd", "crowd_ratings.csv")):
        imported(recipe.ear_verdicts(data, name, file), home / "d", "-o", home / f"{name}.jsonl")
    imported(recipe.ear_crowd_labels(data), home / "crowd")
    return home


def test_lend_an_ear_experts_among_themselves(lend_an_ear: Path, rows) -> None:
    """The six ordinal alphas of data/README.md."""
    found = rows("agree", lend_an_ear / "d")
    alphas = [found[name, "raters", "krippendorff_alpha_ordinal"]["value"] for name in DIMENSIONS]
    assert alphas == pytest.approx([0.3521, 0.7007, 0.3326, 0.6921, 0.6451, 0.3584], abs=5e-5)


def test_lend_an_ear_gemini_beside_the_median_expert(lend_an_ear: Path, rows) -> None:
    """The six rank correlations of data/README.md."""
    asked = ("score", lend_an_ear / "gemini.jsonl", lend_an_ear / "d", "--reference", "group:experts")
    found = rows(*asked, "--metric", "spearman")
    correlations = [found[name, "judge~reference", "spearman"]["value"] for name in DIMENSIONS]
    assert correlations == pytest.approx([0.6864, 0.8605, 0.5068, 0.8469, 0.8099, 0.4270], abs=5e-5)


@pytest.mark.slow
def test_lend_an_ear_published_pairs_all_reproduce(lend_an_ear: Path, data: Path, rows) -> None:
    """All 36 published rows: Spearman, and quadratic kappa with index weights over the values that occur."""
    metrics = words("--metric", "spearman", "cohen_kappa_quadratic_observed")
    home = lend_an_ear
    found = {("people", *key): value for key, value in rows("agree", home / "d", *metrics).items()}
    for name, file, dataset, how in (
        ("gemini~experts", "gemini.jsonl", "d", ["--reference", "group:experts"]),
        ("crowd~experts", "crowd.jsonl", "d", ["--reference", "group:experts", "--use", "score"]),
        ("gemini~crowd", "gemini.jsonl", "crowd", ["--reference", "rater:crowd"]),
    ):
        table = rows("score", home / file, home / dataset, *how, *metrics)
        found |= {(name, *key): value for key, value in table.items()}
    with (data / "lend_an_ear" / "published_pair_agreement.csv").open(encoding="utf-8") as lines:
        published = list(csv.DictReader(lines))
    assert len(published) == 36
    for row in published:
        place, between = _place({part.strip("'() ") for part in row["Annotator Pair"].split(",")})
        key = (place, row["Dimension"], between)
        spearman, kappa = found[*key, "spearman"], found[*key, "cohen_kappa_quadratic_observed"]
        assert spearman["value"] == pytest.approx(float(row["Spearman Correlation"]), abs=5.1e-3), row
        assert kappa["value"] == pytest.approx(float(row["Weighted Cohen's Kappa"]), abs=5.1e-3), row
        assert spearman["n"] == 50


def _place(pair: set[str]) -> tuple[str, str]:
    """Return the table and the row that a published pair of annotators stands in."""
    names = {
        frozenset({"experts", "llm"}): "gemini~experts",
        frozenset({"experts", "crowd"}): "crowd~experts",
        frozenset({"llm", "crowd"}): "gemini~crowd",
    }
    if frozenset(pair) in names:
        return names[frozenset(pair)], "judge~reference"
    return "people", "~".join(sorted(pair))


@pytest.fixture(scope="module")
def llm_rubric(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("rubric")
    imported(recipe.rubric_sessions(data), home / "d")
    imported(recipe.rubric_labels(data), home / "d")
    imported(recipe.rubric_verdicts(data), home / "d", "-o", home / "v.jsonl")
    return home


@pytest.mark.slow
@pytest.mark.parametrize(
    ("use", "rmse", "pearson", "spearman", "tau"),
    [("value", 1.201643, 0.140091, 0.086990, 0.081134), ("score", 0.918676, 0.177301, 0.086675, 0.065928)],
)
def test_llm_rubric_argmax_and_expected_value(
    llm_rubric: Path, rows, use: str, rmse: float, pearson: float, spearman: float, tau: float
) -> None:
    """The figures of the source's README on Q0, n 223."""
    found = rows("score", llm_rubric / "v.jsonl", llm_rubric / "d", "--use", use)
    head = {metric: e["value"] for (c, b, metric), e in found.items() if c == "Q0" and b == "judge~reference"}
    assert head["rmse"] == pytest.approx(rmse, abs=1.5e-6)
    assert head["pearson"] == pytest.approx(pearson, abs=1e-6)
    assert head["spearman"] == pytest.approx(spearman, abs=1e-6)
    assert head["kendall_tau_b"] == pytest.approx(tau, abs=1e-6)
    assert found["Q0", "judge~reference", "rmse"]["n"] == 223


def test_llm_rubric_a_constant_judge_has_no_correlation(llm_rubric: Path, rows) -> None:
    """For Q4 and Q5 the argmax is constant: undefined, with the reason, and not-applicable labels counted."""
    found = rows("score", llm_rubric / "v.jsonl", llm_rubric / "d")
    for question in ("Q4", "Q5"):
        for metric in ("pearson", "spearman", "kendall_tau_b"):
            estimate = found[question, "judge~reference", metric]
            assert estimate["value"] is None
            assert estimate["undefined"].startswith("constant:")
        assert 223 - 77 <= found[question, "judge~reference", "rmse"]["n"] <= 223 - 75
        assert 75 <= found[question, "judge~reference", "rmse"]["dropped"]["not_applicable"] <= 77


@pytest.fixture(scope="module")
def dices(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home, folder = tmp_path_factory.mktemp("dices"), data / "dices_350"
    imported(recipe.dices_crowd(folder / "dices_350_crowdsourced.json.gz"), home / "d")
    imported(recipe.dices_expert(folder / "dices_350_expert.json.gz"), home / "d")
    return home


@pytest.mark.slow
def test_dices_alpha_over_anonymous_raters(dices: Path, rows) -> None:
    """The alpha that the source stores; rater-wise figures are refused with the reason."""
    found = rows("agree", dices / "d")
    alpha = found["safety", "raters", "krippendorff_alpha_nominal"]
    assert alpha["value"] == pytest.approx(0.16086021565770392, abs=1e-12)
    assert (alpha["n"], alpha["low"] is not None) == (350, True)
    ceiling = found["safety", "rater~others", "cohen_kappa"]
    assert ceiling["undefined"].startswith("unknown_raters:")
    assert not [key for key in found if "~" in key[1] and key[1] != "rater~others"]


@pytest.mark.slow
def test_dices_alpha_without_unsure(data: Path, tmp_path: Path, rows) -> None:
    """A label that says Unsure is read as none: 0.2008 over No and Yes."""
    crowd = recipe.dices_crowd(data / "dices_350" / "dices_350_crowdsourced.json.gz")
    imported([*crowd[:-1], "categorical:No,Yes", "--empty", "Unsure"], tmp_path / "d")
    found = rows("agree", tmp_path / "d", "--metric", "krippendorff_alpha_nominal", "--resamples", 200)
    alpha = found["safety", "raters", "krippendorff_alpha_nominal"]
    assert alpha["value"] == pytest.approx(0.2008, abs=5e-5)
    assert alpha["n"] == 350


KAPPA_AND_AGREEMENT = words("--metric", "cohen_kappa", "percent_agreement")


def test_dices_expert_beside_the_crowds_majority(data: Path, tmp_path: Path, rows) -> None:
    """The source's own majorities, which break two ties: kappa 0.3086, agreement 0.6543."""
    for name, file in (("crowd", "crowdsourced"), ("expert", "expert")):
        imported(recipe.dices_majorities(data / "dices_350" / f"dices_350_{file}.json.gz", name), tmp_path / "d")
    found = rows("agree", tmp_path / "d", *KAPPA_AND_AGREEMENT)
    assert found["safety", "crowd~expert", "cohen_kappa"]["value"] == pytest.approx(0.3086, abs=5e-5)
    agreement = found["safety", "crowd~expert", "percent_agreement"]
    assert (agreement["value"], agreement["n"]) == (pytest.approx(0.6543, abs=5e-5), 350)


@pytest.mark.slow
def test_dices_nameless_crowd_as_a_group(data: Path, tmp_path: Path, rows) -> None:
    """Majorities of our own: the two ties have none, and are counted; on the others 229 - 1 of 348 agree."""
    folder = data / "dices_350"
    groups = words("--group-raters", "crowd=anonymous", "experts=expert")
    imported(recipe.dices_crowd(folder / "dices_350_crowdsourced.json.gz"), tmp_path / "d", *groups)
    imported([*recipe.dices_expert(folder / "dices_350_expert.json.gz"), "--kind", "human"], tmp_path / "d")
    found = rows("agree", tmp_path / "d", *KAPPA_AND_AGREEMENT, "--resamples", 200)
    agreement = found["safety", "crowd~experts", "percent_agreement"]
    assert (agreement["value"], agreement["dropped"]) == (pytest.approx(228 / 348), {"missing": 2})
    assert found["safety", "crowd~experts", "cohen_kappa"]["value"] == pytest.approx(0.31, abs=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("temperature", "one", "n_one", "eight", "n_eight"),
    [
        ("0.0", 0.7248, 1726, 0.7711, 1730),
        ("0.3", 0.7305, 1729, 0.8059, 1731),
        ("0.7", 0.7149, 1733, 0.8143, 1734),
    ],
)
def test_repeated_scores_choose_the_right_answer(
    data: Path, tmp_path: Path, rows, *, temperature: str, one: float, n_one: int, eight: float, n_eight: int
) -> None:
    """One of four answers is right: how often it scores strictly highest, by one sample and by the mean of eight."""
    file = data / "repeated_scores" / f"base_full_k8_t{temperature}.jsonl.gz"
    imported(recipe.candidate_sessions(file), tmp_path / "d")
    imported(recipe.candidate_labels(file), tmp_path / "d")
    imported(recipe.candidate_verdicts(file), tmp_path / "d", "-o", tmp_path / "v.jsonl")
    metrics = words("--metric", "best_of_accuracy", "sample_consistency")
    asked = ("score", tmp_path / "v.jsonl", tmp_path / "d", "--reference", "gold", "--use", "score", *metrics)
    for n_samples, share, n in ((1, one, n_one), (8, eight, n_eight)):
        found = rows(*asked, "--samples", n_samples)
        best = found["right", "judge~reference", "best_of_accuracy"]
        assert (best["value"], best["n"], best["method"]) == (pytest.approx(share, abs=5.1e-5), n, "wilson")
        assert best["dropped"] == ({"candidate_without_verdict": n_eight - n} if n < n_eight else {})
    assert 0.3 < found["right", "judge", "sample_consistency"]["value"] < 0.8  # at temperature 0 too


def test_prometheus_samples_disagree(data: Path, tmp_path: Path, capsys) -> None:
    """Three scores of each of 320 prompts, with three texts: 121 triples are not of one score."""
    imported(recipe.feedback_sessions(data), tmp_path / "d")
    capsys.readouterr()
    asked = [*recipe.feedback_verdicts(data), "--dataset", tmp_path / "d", "-o", tmp_path / "v.jsonl", "--json"]
    assert main(["import", *map(str, asked)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["notes"] == ["gpt-4 on quality: 320 verdicts of several samples, which differ on 121"]
    assert report["written"] == {"verdicts": 960}
    said = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["sample"] for row in said} == {0, 1, 2}
    assert len({(row["session"], row["rationale"]) for row in said}) == 960


def test_tau_bench_pass_rate_by_gold(data: Path, tmp_path: Path, rows, capsys) -> None:
    """The programmatic reward as gold: a judge that always passes is right 42% of the time, and kappa is 0."""
    imported(recipe.tau_sessions(data), tmp_path / "d")
    imported(recipe.tau_labels(data), tmp_path / "d")
    sessions = [json.loads(line)["id"] for line in (tmp_path / "d" / "sessions.jsonl").read_text().splitlines()]
    verdicts = [json.dumps({"session": each, "criterion": "success", "value": "pass"}) for each in sessions]
    (tmp_path / "v.jsonl").write_text("\n".join(verdicts) + "\n", encoding="utf-8")
    found = rows("score", tmp_path / "v.jsonl", tmp_path / "d", "--reference", "gold")
    assert found["success", "judge~reference", "accuracy"]["value"] == pytest.approx(0.42)
    assert found["success", "judge~reference", "cohen_kappa"]["value"] == 0
    assert found["success", "judge~reference", "accuracy"]["n_clusters"] == 50


def test_tau_bench_pass_hat_by_gold(data: Path, tmp_path: Path, rows) -> None:
    """pass^1 to pass^4 as the source's README states them, over 50 tasks of 4 trials; pass^1 is the share."""
    imported(recipe.tau_sessions(data), tmp_path / "d")
    imported(recipe.tau_labels(data), tmp_path / "d")
    found = rows("estimate", tmp_path / "d", "-c", "success", "--reference", "gold")
    estimates = [found["success", "all sessions", f"pass_hat_{k}"] for k in range(1, 5)]
    assert [each["value"] for each in estimates] == pytest.approx([0.420, 0.2733, 0.220, 0.200], abs=5e-5)
    assert all(each["low"] < each["value"] < each["high"] for each in estimates)
    assert {(each["n"], each["n_clusters"]) for each in estimates} == {(200, 50)}
    assert found["success", "all sessions", "share"] == estimates[0]


def test_code_review_comments_survive(data: Path, tmp_path: Path, rows) -> None:
    """One expert: agreement among experts is undefined, and says why."""
    imported(recipe.review_sessions(data), tmp_path / "d")
    imported(recipe.review_labels(data), tmp_path / "d")
    alpha = rows("agree", tmp_path / "d")["quality", "raters", "krippendorff_alpha_nominal"]
    assert alpha["undefined"].startswith("too_few:")


def test_the_published_rows_need_observed_weights(lend_an_ear: Path, rows) -> None:
    """With the declared scale's weights some published kappas do not come out; both are offered by name."""
    metrics = words("--metric", "cohen_kappa_quadratic_observed", "cohen_kappa_quadratic")
    found = rows("agree", lend_an_ear / "d", *metrics)
    pair = ("self_oriented", "expert1~expert2")
    assert found[*pair, "cohen_kappa_quadratic_observed"]["value"] == pytest.approx(0.82, abs=5e-3)
    assert found[*pair, "cohen_kappa_quadratic"]["value"] == pytest.approx(0.79, abs=5e-3)
