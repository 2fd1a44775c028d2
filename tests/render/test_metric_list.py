"""The list of metrics: every row of the table, once, within the width."""

from __future__ import annotations

from judgekit.render.metric_list import metric_markdown, metric_text
from judgekit.stats.metric import METRICS


def test_every_metric_is_listed_once_with_its_words() -> None:
    """For the terminal within 80 columns, for README one line each."""
    text, table = metric_text(), metric_markdown()
    assert [line for line in text.splitlines() if not line.startswith(" ")] == list(METRICS)
    assert max(map(len, text.splitlines())) <= 80
    assert [line.split("`")[1] for line in table.splitlines()[2:] if line.startswith("| `")] == list(METRICS)


def test_places_are_told_by_who_is_measured() -> None:
    """Raters who are named or not, pairs, judge, ceiling; one word for all classes alike."""
    rows = {line.split("`")[1]: line for line in metric_markdown().splitlines() if line.startswith("| `")}
    assert (
        "| two raters: classes 1, ordinal 2; judge: classes 1, ordinal 5; ceiling: classes 1 |" in rows["cohen_kappa"]
    )
    assert "| named raters: classes 3 |" in rows["conger_kappa"]
    assert "| anonymous raters: classes 3 |" in rows["fleiss_kappa"]
    assert "binary 4, categorical 2" in rows["accuracy"]
    assert "| 0 and up, lower is better |" in rows["mae"]
    assert "| any |" in rows["bias"]
    assert "| below 0 to 1 |" in rows["icc_a1"]
    assert "| a probability and a reference |" in rows["brier"]
    assert "none missing" in rows["kendall_w"]
