"""Slices of a gate: which inputs are in `field=value`, the same for both versions.

An input is in the slices of the baseline's session, since the candidate's may have what the version made; sessions on
inputs that the baseline never met go by their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from judgekit.analysis.comparison import Side
from judgekit.analysis.slicing import slice_values
from judgekit.errors import InputError, UnknownName
from judgekit.records.dataset import Dataset


@dataclass
class SlicedInputs:
    """The sessions of two versions by slices of their inputs.

    Attributes:
        dataset: Sessions.
        sides: Baseline and candidate.
    """

    dataset: Dataset
    sides: tuple[Side, Side]
    _found: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict, repr=False)

    def named(self, asked: str) -> Sequence[str]:
        """Return the slices that `field` or `field=value` stands for.

        Raises:
            InputError: No session has such a field, or no input such a value.
        """
        name, is_one, value = asked.partition("=")
        found = self._by_value(name)
        if is_one:
            if value not in found:
                raise InputError(f"no input has {asked} (known of {name}: {', '.join(sorted(found)) or 'none'})")
            return (asked,)
        if not found:
            raise InputError(f"no input has a value of {name}")
        return tuple(f"{name}={each}" for each in sorted(found))

    def sessions(self, name: str | None) -> frozenset[str]:
        """Return the sessions of both versions that are in one slice; all of them where it is None."""
        if name is None:
            return self.sides[0].sessions | self.sides[1].sessions
        key, _, value = name.partition("=")
        return self._by_value(key)[value]

    def _by_value(self, name: str) -> dict[str, frozenset[str]]:
        if name not in self._found:
            self._found[name] = self._sliced(name)
        return self._found[name]

    def _sliced(self, name: str) -> dict[str, frozenset[str]]:
        dataset = self.dataset
        ids = sorted(self.sessions(None) & dataset.session_by_id.keys())
        speaker: dict[str, str] = {}
        for each in ids:
            asked = dataset.session_by_id[each].input
            if asked is not None and each in self.sides[0].sessions:
                speaker.setdefault(asked, each)
        by = {each: speaker.get(dataset.session_by_id[each].input or "", each) for each in ids}
        try:
            values = slice_values(dataset, name, [(each, None) for each in sorted(set(by.values()))])
        except UnknownName as unknown:
            raise InputError(f"no session has a field {name!r}; {unknown.hint}") from unknown
        found: dict[str, set[str]] = {}
        for each in ids:
            for value in values[by[each], None]:
                found.setdefault(value, set()).add(each)
        return {value: frozenset(members) for value, members in found.items()}
