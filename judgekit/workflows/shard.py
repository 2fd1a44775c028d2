"""One run in parts: which targets belong to which part, and the proof that the parts together are the whole."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judgekit.errors import InputError
from judgekit.judging.prompt import PairTarget
from judgekit.records.run import RunManifest, SampleSpread, Spending

if TYPE_CHECKING:
    from judgekit.judging.runner.interview import Target, Targets


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `i` of `n`: targets are dealt out by the hash of their ids, so that every machine deals alike.

    Attributes:
        index: From 1.
        n: How many parts there are.
    """

    index: int
    n: int

    def __str__(self) -> str:
        return f"{self.index}/{self.n}"

    @classmethod
    def read(cls, text: str) -> Shard:
        """Read `i/n`.

        Raises:
            InputError: It is no such pair of numbers.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise InputError(f"{text!r} is no part of a run", hint="Write --shard 1/4, 2/4, 3/4 and 4/4")
        return cls(int(match[1]), int(match[2]))

    def holds(self, target: str) -> bool:
        """Whether a session or pair of this id belongs to this part."""
        return _digest(target) % self.n == self.index - 1


class Part:
    """The targets of one part, as targets."""

    def __init__(self, targets: Targets, shard: Shard) -> None:
        """Take the whole, and look it through once."""
        self.shard = shard
        self._targets = targets
        self._n = whole = 0
        for target in targets:
            whole += _digest(_id(target))
            self._n += shard.holds(_id(target))
        self.dealt_from = f"sha256:{whole % (1 << 256):064x}"
        """Fingerprint of the ids of the whole, so that parts dealt from different sessions are told apart."""

    def __iter__(self) -> Iterator[Target]:
        return (each for each in self._targets if self.shard.holds(_id(each)))

    def __len__(self) -> int:
        return self._n


def part_sizes(targets: Targets, n: int) -> tuple[int, ...]:
    """Return how many targets each of `n` parts holds."""
    found = Counter(_digest(_id(target)) % n for target in targets)
    return tuple(found[place] for place in range(n))


def merged(manifests: Sequence[tuple[str, RunManifest]]) -> RunManifest:
    """Return the manifest of the whole, of whose parts none is missing, twice there, or unfinished.

    Args:
        manifests: (where it lies, what `run.json` holds) of each part.

    Raises:
        InputError: The parts do not make up one run; it says which part and why.
    """
    if not manifests:
        raise InputError("no runs to merge", hint="Name the folders of all parts")
    _require_one_judge(manifests)
    _require_every_part(manifests)
    parts = [manifest for _, manifest in manifests]
    first = parts[0]
    failures = sum((Counter(part.failures) for part in parts), Counter[str]())
    summed = {
        name: sum(getattr(part, name) for part in parts)
        for name in (
            "n_targets", "n_expected", "n_verdicts", "n_failures", "n_requests", "n_reused", "n_asked_again",
            "n_redacted", "n_from_samples", "prompt_tokens", "completion_tokens",
        )
    }  # fmt: skip
    return first.model_copy(
        update={
            **summed,
            "shard": None,
            "dealt_from": None,
            "sessions": f"sha256:{sum(_number(part.sessions) for part in parts) % (1 << 256):064x}",
            "started_at": min(part.started_at for part in parts),
            "ended_at": max(part.ended_at or part.started_at for part in parts),
            "failures": dict(sorted(failures.items(), key=lambda item: (-item[1], item[0]))),
            "first_failure": next((part.first_failure for part in parts if part.first_failure), None),
            "models": tuple(sorted({model for part in parts for model in part.models})),
            "spread": _merged_spread([spread for part in parts for spread in part.spread]),
            "cost_usd": _total([part.cost_usd for part in parts]),
            "spending": _spending([part.spending or Spending() for part in parts]),
            "latency": None,
            "wall_s": None,
        }
    )


def _merged_spread(parts: Sequence[SampleSpread]) -> tuple[SampleSpread, ...]:
    """Return how far samples differ over several parts, each counting for its sessions."""
    by_criterion: dict[str, list[SampleSpread]] = {}
    for part in parts:
        by_criterion.setdefault(part.criterion, []).append(part)
    return tuple(_one_spread(some) for some in by_criterion.values())


def _one_spread(parts: Sequence[SampleSpread]) -> SampleSpread:
    n, n_measured = sum(part.n for part in parts), sum(part.n_measured for part in parts)
    n_disagreeing = sum(part.share_disagreeing * part.n for part in parts)
    sum_sd = sum(part.mean_sd * part.n_measured for part in parts if part.mean_sd is not None)
    return parts[0].model_copy(
        update={
            "n": n,
            "share_disagreeing": n_disagreeing / n,
            "mean_sd": sum_sd / n_measured if n_measured else None,
            "n_measured": n_measured,
        }
    )


def _require_one_judge(manifests: Sequence[tuple[str, RunManifest]]) -> None:
    (place, first), *others = manifests
    for where, manifest in others:
        for what in ("judge_fingerprint", "engine", "criterion"):
            if getattr(manifest, what) != getattr(first, what):
                raise InputError(
                    f"{what} is {getattr(manifest, what)}, and {getattr(first, what)} in {place}",
                    where=where,
                    hint="Merge the parts of one run",
                )


def _require_every_part(manifests: Sequence[tuple[str, RunManifest]]) -> None:
    found: dict[str, str] = {}
    n_parts: set[int] = set()
    for where, manifest in manifests:
        if manifest.shard is None:
            raise InputError("it is no part of a run", where=where, hint="Parts are made by run --shard i/n")
        if manifest.state != "complete":
            hint = "Run the same command again until it is complete, then merge"
            raise InputError(f"part {manifest.shard} is {manifest.state}", where=where, hint=hint)
        if manifest.n_verdicts + manifest.n_failures != manifest.n_expected:
            n_found = manifest.n_verdicts + manifest.n_failures
            raise InputError(f"holds {n_found} of {manifest.n_expected} outcomes", where=where, hint="Run it again")
        if manifest.shard in found:
            raise InputError(f"part {manifest.shard} is also {found[manifest.shard]}", where=where, hint="Give it once")
        found[manifest.shard] = where
        n_parts.add(Shard.read(manifest.shard).n)
    if len(n_parts) > 1:
        raise InputError(f"parts of runs of {' and '.join(map(str, sorted(n_parts)))} parts", hint="Merge one run")
    _require_one_whole(manifests)
    n = n_parts.pop()
    missing = [f"{index}/{n}" for index in range(1, n + 1) if f"{index}/{n}" not in found]
    if missing:
        raise InputError(f"missing: {', '.join(missing)}", hint="Give the folders of all parts")


def _require_one_whole(manifests: Sequence[tuple[str, RunManifest]]) -> None:
    """Check that all parts were dealt from the same ids: then each session is in one of them."""
    (place, first), *others = manifests
    for where, manifest in others:
        if manifest.dealt_from != first.dealt_from:
            hint = "Run all parts over the same sessions, with the same --split and --limit"
            raise InputError(f"this part was dealt from other sessions than {place}", where=where, hint=hint)


def _number(fingerprint: str | None) -> int:
    return int((fingerprint or "sha256:0").removeprefix("sha256:"), 16)


def _total(amounts: Sequence[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def _spending(parts: Sequence[Spending]) -> Spending:
    return Spending(
        n_sent=sum(part.n_sent for part in parts),
        n_answered=sum(part.n_answered for part in parts),
        n_rejected=sum(part.n_rejected for part in parts),
        cost_usd=_total([part.cost_usd for part in parts]),
        possible_usd=_total([part.possible_usd for part in parts]),
    )


def _digest(target: str) -> int:
    return int.from_bytes(hashlib.sha256(target.encode("utf-8", "replace")).digest())


def _id(target: Target) -> str:
    return target.pair.id if isinstance(target, PairTarget) else target.id
