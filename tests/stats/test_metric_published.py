"""Known values from papers, textbooks and R: the numbers and their sources are in published.json."""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from judgekit.stats.metric import METRICS, measure
from judgekit.stats.sample import Sample

PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text(encoding="utf-8"))
CASES = [(entry, metric) for entry in PUBLISHED for metric in entry["expect"]]


def sample_of(entry: dict[str, Any]) -> Sample:
    rows = entry.get("rows") or [
        [entry["levels"][i], entry["levels"][j]]
        for i, line in enumerate(entry["table"])
        for j, n in enumerate(line)
        for _ in range(n)
    ]
    return Sample(np.array(rows, dtype=float), levels=entry["levels"], positive=entry.get("positive"))


@pytest.mark.parametrize(("entry", "metric"), CASES, ids=[f"{entry['id']}-{metric}" for entry, metric in CASES])
def test_published_value_comes_out_to_the_printed_precision(entry, metric):
    """Each metric gives the published number, to every digit that was printed."""
    printed = entry["expect"][metric]
    digits = len(printed.partition(".")[2])

    value = measure(metric, sample_of(entry), rng=np.random.default_rng(0)).value

    assert value == pytest.approx(float(printed), abs=0.5000001 * 10**-digits)


def test_every_published_number_names_its_source_and_a_metric():
    """The data table is whole: a source for each entry, and only metrics that exist."""
    assert all(entry["source"] for entry in PUBLISHED)
    assert set(chain.from_iterable(entry["expect"] for entry in PUBLISHED)) <= set(METRICS)
