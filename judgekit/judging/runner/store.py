"""Stores without a disk: one in memory, one that forgets what was there before. The lasting one is in `adapters`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from judgekit.judging.ports import Request, Store
    from judgekit.records.verdict import Call


class MemoryStore:
    """Replies for as long as the process lives: enough where asking again costs nothing, as with a replay."""

    def __init__(self) -> None:
        """Begin empty."""
        self._calls: dict[tuple[str, int], Call] = {}

    def find(self, request: Request) -> Call | None:
        """Return the stored call for exactly this request, or None."""
        return self._calls.get((request.key, request.sample))

    def find_all(self, requests: Sequence[Request]) -> dict[tuple[str, int], Call]:
        """Return the stored calls for several requests, by key and sample."""
        keys = [(request.key, request.sample) for request in requests]
        return {key: self._calls[key] for key in keys if key in self._calls}

    def commit(self, *calls: Call) -> None:
        """Keep calls."""
        self._calls.update(((call.request, call.sample), call) for call in calls)


class FreshStore:
    """Another store whose earlier replies do not count: everything is asked anew, once."""

    def __init__(self, store: Store) -> None:
        """Take the store that keeps the new replies."""
        self._store = store
        self._new: set[tuple[str, int]] = set()

    def find(self, request: Request) -> Call | None:
        """Return the call only if it was committed through here."""
        return self._store.find(request) if (request.key, request.sample) in self._new else None

    def find_all(self, requests: Sequence[Request]) -> dict[tuple[str, int], Call]:
        """Return the calls that were committed through here."""
        return self._store.find_all([request for request in requests if (request.key, request.sample) in self._new])

    def count(self, calls: Iterable[Call]) -> None:
        """Let calls that the store behind holds count: an interrupted run of this kind got them."""
        self._new.update((call.request, call.sample) for call in calls)

    def commit(self, *calls: Call) -> None:
        """Keep calls in the store behind."""
        self._store.commit(*calls)
        self._new.update((call.request, call.sample) for call in calls)
