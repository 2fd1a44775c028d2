"""What tokens cost: litellm's price file, read without importing litellm, and the user's own prices over it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

PRICE_FILE = "model_prices_and_context_window_backup.json"
TokenPrice = tuple[float, float]
"""Dollars per prompt token and per completion token."""


class LitellmPrices:
    """Prices by model name; the file is read at the first question.

    Args:
        overrides: Model name -> dollars per million prompt tokens and per million completion tokens.
        path: The price file; None: the one that the installed litellm brings.
    """

    def __init__(self, overrides: Mapping[str, TokenPrice] | None = None, *, path: Path | None = None) -> None:
        self._overrides = {name: (a / 1e6, b / 1e6) for name, (a, b) in (overrides or {}).items()}
        self._path = path

    def cost_usd(self, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Return dollars; None when the model's price is unknown."""
        price = self._overrides.get(model) or self._listed(model)
        return None if price is None else prompt_tokens * price[0] + completion_tokens * price[1]

    def context_tokens(self, model: str) -> int | None:
        """Return the most tokens a prompt of the model may have; None when unknown."""
        said = (self._row(model) or {}).get("max_input_tokens")
        return said if isinstance(said, int) and said > 0 else None

    def _row(self, model: str) -> dict[str, Any] | None:
        provider, _, bare = model.partition("/")
        row = self._table.get(model)
        if row is None and bare:
            row = self._table.get(bare)
            row = row if row and row.get("litellm_provider") == provider else None
        return row if isinstance(row, dict) else None

    def _listed(self, model: str) -> TokenPrice | None:
        row = self._row(model)
        if row is None:
            return None
        prompt, completion = row.get("input_cost_per_token"), row.get("output_cost_per_token")
        if not isinstance(prompt, int | float) or not isinstance(completion, int | float):
            return None
        return float(prompt), float(completion)

    @cached_property
    def _table(self) -> dict[str, Any]:
        path = self._path or _installed_file()
        if path is None or not path.is_file():
            return {}
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return table


def _installed_file() -> Path | None:
    spec = importlib.util.find_spec("litellm")
    folders = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(folders))) / PRICE_FILE if folders else None
