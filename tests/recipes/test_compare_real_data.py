"""Real judges as versions: one score or the mean of eight, temperature 0 or .7, on the same prompts of RewardBench 2.

A prompt is passed where the right answer of four has strictly the highest mean score; where an answer has no score the
prompt is left out. The published accuracies come out, and what nobody published: how far apart the versions are.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from judgekit.cli.main import main
from tests.recipes.recipe import words
from tests.recipes.test_figures_real_data import quietly

pytestmark = [pytest.mark.shared, pytest.mark.slow]
PUBLISHED = {
    "t0.0-k1": (0.7248, 1726), "t0.0-k8": (0.7711, 1730), "t0.3-k1": (0.7305, 1729), "t0.3-k8": (0.8059, 1731),
    "t0.7-k1": (0.7149, 1733), "t0.7-k8": (0.8143, 1734),
}  # fmt: skip
"""data/README.md: accuracy; and the prompts it is of."""


def is_right(scores: list[list[int | None]], k: int) -> bool | None:
    """Return whether the first answer has strictly the highest mean of its first k scores; None where one has none."""
    given = [[each for each in answer[:k] if each is not None] for answer in scores]
    if not all(given):
        return None
    first, *others = (sum(each) / len(each) for each in given)
    return first > max(others)


@pytest.fixture(scope="module")
def home(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset whose sessions are prompts as each version judged them, imported from one table."""
    home = tmp_path_factory.mktemp("repeated")
    with (home / "choices.jsonl").open("w", encoding="utf-8") as lines:
        for temperature in ("0.0", "0.3", "0.7"):
            file = shared / "data" / "repeated_scores" / f"base_full_k8_t{temperature}.jsonl.gz"
            with gzip.open(file, "rt", encoding="utf-8") as rows:
                for row in map(json.loads, rows):
                    for k in (1, 8):
                        told = {"prompt": f"{row['subset']}-{row['id']}", "version": f"t{temperature}-k{k}"}
                        right = is_right(row["full_scores"], k)
                        if right is not None:
                            told["right"] = "pass" if right else "fail"
                        lines.write(json.dumps(told) + "\n")
    table, name = str(home / "choices.jsonl"), "{prompt}-{version}"
    places = words("--map", f"id={name}", "input=prompt", "group=prompt", "version=version")
    quietly("import", "sessions", table, *places, "--bare", "--drop-rest", "--dataset", home / "d")
    labelled = home / "labelled.jsonl"
    kept = [line for line in (home / "choices.jsonl").read_text(encoding="utf-8").splitlines() if '"right"' in line]
    labelled.write_text("\n".join(kept) + "\n", encoding="utf-8")
    said = ["--map", f"session={name}", "--criterion", "right=right", "--set", "rater=benchmark", "--kind", "gold"]
    quietly("import", "labels", labelled, *said, "--scale", "right=binary:fail,pass", "--dataset", home / "d")
    return home


@pytest.fixture
def report(capsys):
    """Give a function that runs an analytic command and returns its report."""

    def run(*arguments: object) -> dict[str, Any]:
        capsys.readouterr()
        assert main([*map(str, arguments), "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return run


def test_the_published_accuracies_come_out(home: Path, report) -> None:
    """Of each version over the prompts that it could judge."""
    found = report("estimate", home / "d", "--reference", "gold")
    shares = {row["between"]: row["estimate"] for row in found["rows"] if row["metric"] == "share"}
    for version, (share, n) in PUBLISHED.items():
        assert shares[version]["value"] == pytest.approx(share, abs=5.1e-5), version
        assert shares[version]["n"] == n
        assert shares[version]["low"] < share < shares[version]["high"]


@pytest.mark.parametrize(
    ("baseline", "candidate", "is_better"),
    [
        ("t0.0-k1", "t0.0-k8", True),
        ("t0.7-k1", "t0.7-k8", True),
        ("t0.0-k1", "t0.7-k1", None),
        ("t0.0-k8", "t0.7-k8", True),
    ],
)
def test_differences_of_the_same_prompts_carry_intervals(home: Path, report, baseline, candidate, is_better) -> None:
    """Eight scores beat one at either temperature; .7 beats 0 only where scores are averaged."""
    found = report("compare", baseline, candidate, "--labels", home / "d", "--reference", "gold")
    rows = {(row["metric"], row["between"]): row["estimate"] for row in found["rows"]}
    difference = rows["mean_difference", f"{candidate}~{baseline}"]
    print(
        f"\n{candidate} - {baseline}: {difference['value']:+.4f} [{difference['low']:+.4f}, {difference['high']:+.4f}]"
    )
    published = PUBLISHED[candidate][0] - PUBLISHED[baseline][0]
    assert difference["value"] == pytest.approx(published, abs=0.003)  # on the prompts that both could judge
    assert difference["method"] == "tango"
    assert difference["n"] > 1700
    assert (difference["low"] > 0) is bool(is_better)
    assert difference["low"] < published < difference["high"]
    (exact,) = [each for each in found["companions"] if each["name"] == "mcnemar"]
    assert (exact["p_value"] < 0.05) is bool(is_better)


def test_four_versions_are_ranked_after_holm(home: Path, report) -> None:
    """Eight at .7 stands first; the two of one score are not separated."""
    found = report("compare", "t0.0-k1", "t0.0-k8", "t0.7-k1", "t0.7-k8", "--labels", home / "d", "--reference", "gold")
    places = {each["version"]: each for each in found["ranking"]}
    assert found["ranking"][0]["version"] == "t0.7-k8"
    assert places["t0.0-k1"]["not_separated_from"] == ["t0.7-k1"]
    assert places["t0.7-k8"]["not_separated_from"] == []
