"""Real judges before real experts: who is off is not certified, and fifty sessions are few."""

from __future__ import annotations

from pathlib import Path

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.run import load_outcomes
from judgekit.errors import InputError
from judgekit.records.certificate import Certificate, PassRule
from judgekit.records.dataset import Dataset, SplitManifest
from judgekit.records.label import Opening
from judgekit.workflows.certify import certify
from judgekit.workflows.score import Scoring
from tests.analysis.composed_data import measuring
from tests.recipes import recipe
from tests.recipes.test_figures_real_data import imported
from tests.workflows.certifying import NOW

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def home(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data, home = shared / "data", tmp_path_factory.mktemp("certify_ear")
    imported(recipe.ear_sessions(data), home / "d")
    for number in (1, 2, 3):
        imported(recipe.ear_labels(data, number), home / "d")
    imported(recipe.ear_verdicts(data, "gpt", "gpt_ratings.csv"), home / "d", "-o", home / "gpt.jsonl")
    return home


def in_test(data: Dataset) -> Dataset:
    units = {data.unit(each.id): "test" for each in data.sessions}
    return data.model_copy(update={"splits": SplitManifest(seed=1, fractions={"test": 1.0}, units=units)})


def certified(home: Path, criterion: str, rule: PassRule, data: Dataset | None = None) -> Certificate:
    told = in_test(data or DatasetFolder(home / "d").load())
    opening = Opening(id="o", split="test", purpose="look", metadata={"criterion": criterion})
    scoring = Scoring(judge="gpt", judge_fingerprint="sha256:gpt")
    return certify(
        told, load_outcomes(home / "gpt.jsonl"), scoring, measuring(), rule=rule, criterion=criterion,
        opening=opening, n_openings=1, heads={}, now=NOW,
    )  # fmt: skip


def test_a_judge_who_is_a_level_and_a_half_off_is_not_certified(home: Path) -> None:
    """dismissing_emotions: nobody's bias of 1.5 lies within half a level, whatever else holds."""
    held = certified(home, "dismissing_emotions", PassRule(min_kappa=-0.5, max_bias=0.5, max_failure_rate=0.2))
    assert not held.holds
    (bias,) = [each for each in held.checks if each.name == "bias"]
    assert bias.estimate.low is not None
    assert abs(bias.estimate.value or 0) > 1
    assert "is not all within 0.5 either way" in bias.why


def test_a_judge_who_agrees_is_certified_provisionally(home: Path) -> None:
    """encouraging_elaboration, by a low line: fifty sessions hold it, and say that they are few; a higher one fails."""
    rule = PassRule(min_kappa=0.2, max_failure_rate=0.2)
    held = certified(home, "encouraging_elaboration", rule)
    assert held.is_provisional
    assert held.n_labels == 50
    assert "epsilon 0.2" in held.alt_test
    assert not certified(home, "encouraging_elaboration", PassRule(min_kappa=0.95, max_failure_rate=0.2)).holds


def test_experts_made_to_disagree_certify_nobody(home: Path) -> None:
    """One expert's column handed on by a session: the labels no longer hold, and no judge is held to them."""
    data = DatasetFolder(home / "d").load()
    own = [each for each in data.labels if each.criterion == "validating_emotions"]
    raters = sorted({str(each.rater) for each in own})
    moved = []
    for place, rater in enumerate(raters):
        column = [each for each in own if each.rater == rater]
        values = [each.value for each in column]
        turned = values[17 * place :] + values[: 17 * place]
        moved += [each.model_copy(update={"value": value}) for each, value in zip(column, turned, strict=True)]
    mixed = data.model_copy(update={"labels": tuple(moved)})
    with pytest.raises(InputError, match=r"barely agree with each other .*No judge can be certified by labels"):
        certified(home, "validating_emotions", PassRule(max_ceiling_gap=0.9, max_failure_rate=0.2), mixed)
