"""How far off an input may be that nobody has seen: what a scale's ends allow a gate to say, and what none forbid."""

from __future__ import annotations

from judgekit.records.rubric import Criterion


def places(criterion: Criterion) -> list[float]:
    """Return where numbers of a scale lie: its levels; of a numeric scale both ends and the middle, if both are known.

    Bounds take it from here how far off an input may be that no label has shown.
    """
    low, high = criterion.scale.ends
    if criterion.scale.levels or low is None or high is None:
        return criterion.scale.numbers()
    return [low, (low + high) / 2, high]


def no_pass(criterion: Criterion) -> str | None:
    """Say why no bound lets a criterion pass; None where one may.

    Bounds reckon with inputs far off that no label has shown, as far as the scale goes; without ends nobody knows how
    far that is. What was seen to be worse fails all the same, and `no_rate` says what that is worth.
    """
    if not _is_endless(criterion):
        return None
    return (
        f"the scale of {criterion.id} has no declared ends, so that rare large losses beyond those seen are not "
        "excluded, and nothing passes: declare min and max in the rubric"
    )


def no_rate(criterion: Criterion) -> str | None:
    """Say why a failure claims no error rate; None where it does.

    One in thirty inputs that gain much, and none of them labelled, make a candidate at its line fail in 18%.
    """
    if not _is_endless(criterion):
        return None
    return (
        f"the scale of {criterion.id} has no declared ends, so that rare large gains beyond those seen are not "
        "excluded, and no error rate is claimed"
    )


def _is_endless(criterion: Criterion) -> bool:
    return criterion.scale.type == "numeric" and None in criterion.scale.ends
