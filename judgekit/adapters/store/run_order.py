"""The order of a complete run's lines, told mostly without reading them as JSON."""

from __future__ import annotations

import json
import re

_OUTCOME_HEAD = re.compile(
    rb"""\{"metadata":\{\}(?:,"id":"[^"\\]*")?
    ,"(?:session|pair)":"([^"\\]*)"
    (?:,"turn":"([^"\\]*)")?
    ,"criterion":"([^"\\]*)"
    (?:,"judge":"[^"\\]*")?(?:,"judge_fingerprint":"[^"\\]*")?
    ,"sample":(\d+)
    (?:,"order":"(\w+)")?[,}]""",
    re.VERBOSE,
)
"""How the line of an outcome begins where no text in it is escaped."""
_CALL_HEAD = re.compile(rb'\{"id":"([^"\\]*)"')


def outcome_key(line: bytes) -> tuple[bytes, bytes, bytes, int, bytes]:
    """Return what an outcome's line is sorted by, mostly without reading it as JSON."""
    head = _OUTCOME_HEAD.match(line)
    if head is not None:
        target, turn, criterion, sample, order = head.groups(b"")
        return target, turn, order, int(sample), criterion
    row = json.loads(line)
    texts = (row.get("session") or row.get("pair"), row.get("turn"), row.get("order"), row["criterion"])
    target, turn, order, criterion = ((text or "").encode("utf-8", "surrogatepass") for text in texts)
    return target, turn, order, row.get("sample", 0), criterion


def call_key(line: bytes) -> tuple[bytes]:
    """Return what a call's line is sorted by."""
    head = _CALL_HEAD.match(line)
    return (head[1] if head is not None else json.loads(line)["id"].encode("utf-8", "surrogatepass"),)
