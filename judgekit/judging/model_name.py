"""What a model's name says: whether it is an alias that means another model next month."""

from __future__ import annotations

import re

_DATED = re.compile(r"\d{4}-?\d{2}-?\d{2}|-\d{4}\b|@|-\d{3}$")
"""`gpt-4o-2024-08-06`, `claude-sonnet-4-20250514`, `mistral-large-2407`, `gemini-2.0-flash-001`."""
_HAS_DATED = re.compile(
    r"(?:^|/)(?:gpt-|chatgpt-|o[134](?:-|$)|claude-|gemini-|(?:open-)?(?:mistral|mixtral|ministral|codestral)|grok-|command-)"
)
"""Families whose providers publish dated versions."""
_MOVING = re.compile(r"[-:](?:latest|preview|default)$")


def is_floating(model: str) -> bool:
    """Whether a name is an alias, where its provider has names that stay: what answers may change.

    Example:
        >>> is_floating("openai/gpt-4o"), is_floating("openai/gpt-4o-2024-08-06"), is_floating("ollama/qwen3:8b")
        (True, False, False)
        >>> is_floating("mistral/mistral-large-latest")
        True
    """
    if _MOVING.search(model):
        return True
    return _HAS_DATED.search(model) is not None and _DATED.search(model) is None


def is_same_model(asked: str, named: str) -> bool:
    """Whether a reply names the model asked for, with or without its provider.

    Example:
        >>> is_same_model("openai/gpt-4o", "gpt-4o"), is_same_model("openai/gpt-4o", "gpt-4o-2024-08-06")
        (True, False)
    """
    return asked == named or asked.partition("/")[2] == named or asked.endswith(f"/{named}")
