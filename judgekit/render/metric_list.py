"""The metric table as a list to choose from: README's section of metrics, and what `--metric help` prints."""

from __future__ import annotations

import math
from collections.abc import Mapping

from judgekit.render.plain import wrap
from judgekit.stats.metric import METRICS, Metric
from judgekit.stats.metric_row import Role
from judgekit.stats.metric_words import metric_words

COLUMNS = 80
CLASSES = ("binary", "categorical", "preference")
"""Scales without an order that metrics mostly treat alike."""
OTHERS = {
    "mean": "each version's sessions: mean of the labels",
    "share": "each version's sessions: share of the positive level",
    "mean_difference": "two versions: mean of the candidate minus the baseline, over shared inputs",
    "win_rate": "pairs of two versions: share on which the candidate is preferred, ties half",
    "label_multiplier": "versions judged and partly labelled: how many times the labels the judge's help is worth",
    "pass_hat_1, pass_hat_2 ...": "inputs tried several times: chance that k trials of one input all succeed, pass^k",
    "pairwise_accuracy_strict": "pairs shown in both orders, or rated: share right in both, equal ratings being wrong",
    "position_consistency": "pairs shown in both orders: share with the same winner",
    "first_slot_rate": "pairs shown in both orders: share won by the session shown first",
    "pair_tie_rate": "pairs whose sessions were rated one by one: share rated equal",
    "sample_consistency": "verdicts of several samples: share whose samples all say the same",
    "sample_sd": "verdicts of several samples: mean standard deviation of one verdict's samples",
    "effective_judges": "panels: how many independent judges the members are worth, by their errors",
    "alt_test_winning_rate": "alternative annotator test: share of raters whom the judge may stand in for",
    "alt_test_advantage": "alternative annotator test: share of sessions on which the judge is at least as close",
}
"""Measured beside the table, where the data allow."""
_ROLES: tuple[tuple[Role, str], ...] = (
    ("pair", "two raters"),
    ("judge", "judge"),
    ("ceiling", "ceiling"),
    ("baseline", "baseline"),
)


def metric_text(columns: int = COLUMNS) -> str:
    """Return every metric with what it is, on which scales, and where it is shown unasked."""
    lines = []
    for metric in METRICS.values():
        lines.append(metric.name)
        about = f"{metric_words(metric.name)}; {_scales(metric)}; {_sides(metric)}"
        lines += wrap(about, columns, indent="  ")
        if metric.shown:
            lines += wrap(f"unasked: {_shown(metric)}", columns, indent="  ", hanging="    ")
    return "\n".join(lines)


def metric_markdown() -> str:
    """Return README's table of metrics, one row each, ending with a line end."""
    head = ("`--metric`", "is", "scales", "of", "range", "place when nobody asks", "source")
    body = [
        (
            f"`{metric.name}`",
            metric_words(metric.name),
            _scales(metric),
            _sides(metric),
            _range(metric),
            _shown(metric),
            metric.source,
        )
        for metric in METRICS.values()
    ]
    lines = ["| " + " | ".join(cell or " " for cell in row) + " |" for row in (head, ("---",) * len(head), *body)]
    beside = "; ".join(f"`{name}` ({words})" for name, words in OTHERS.items())
    return "\n".join(lines) + f"\n\nBeside these, where the data allow: {beside}.\n"


def _scales(metric: Metric) -> str:
    if metric.needs == "positive":
        return "binary"
    found = {"nominal": "classes", "ordinal": "ordinal", "interval": "numeric"}
    return ", ".join(words for level, words in found.items() if level in metric.suits)


def _sides(metric: Metric) -> str:
    if metric.judge != "rating":
        return f"a {metric.judge} and a reference"
    if metric.raters == "two":
        return "two sides"
    return "any number of raters" + (", none missing" if metric.is_complete else "")


def _range(metric: Metric) -> str:
    if math.isinf(metric.high):
        found = "any" if math.isinf(metric.low) else f"{metric.low:g} and up"
    else:
        found = f"{'below 0' if math.isinf(metric.low) else f'{metric.low:g}'} to {metric.high:g}"
    return found + (", lower is better" if metric.direction == "lower" else "")


def _shown(metric: Metric) -> str:
    """Return the metric's places in the default sets, by who is measured."""
    named, nameless = metric.shown.get("raters"), metric.shown.get("nameless")
    of_raters = (
        [("all raters", named)] if named == nameless else [("named raters", named), ("anonymous raters", nameless)]
    )
    found = [*of_raters, *((words, metric.shown.get(role)) for role, words in _ROLES)]
    return "; ".join(f"{words}: {_places(places)}" for words, places in found if places)


def _places(by_scale: Mapping[str, int]) -> str:
    """Return the place on each scale; one word for all scales without an order that share it."""
    places = dict(by_scale)
    of_classes = {places.get(scale) for scale in CLASSES}
    if len(of_classes) == 1 and None not in of_classes:
        places = {"classes": places["binary"]} | {s: place for s, place in places.items() if s not in CLASSES}
    return ", ".join(f"{scale} {place}" for scale, place in places.items())
