"""What does not fit a record is told in words of its own, with what would."""

from __future__ import annotations

import pytest

from judgekit.adapters.store.validation import validated
from judgekit.errors import InvalidRecord
from judgekit.records.policy import Policy


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"kind": "beter", "criterion": "policy"},
         "unknown kind 'beter'. Did you mean 'better'? Known: floor, not_worse, better, ceiling"),
        ({"kind": "zzzzzz"}, "unknown kind 'zzzzzz'. Known: floor, not_worse, better, ceiling"),
        ({"criterion": "policy"}, "'kind' is missing. Add it"),
    ],
)  # fmt: skip
def test_a_wrong_kind_names_those_that_there_are(rule: dict[str, str], told: str) -> None:
    """Of a gate's rule, say: the nearest first, then all."""
    with pytest.raises(InvalidRecord) as caught:
        validated(Policy, {"rules": [rule]}, "experiment.toml:9")
    assert str(caught.value) == f"experiment.toml:9: rules[0]: {told}"
