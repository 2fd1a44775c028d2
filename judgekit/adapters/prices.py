"""What tokens cost: litellm's price file, read without importing litellm, and the user's own prices over it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from judgekit.records.project import Price

PRICE_FILE = "model_prices_and_context_window_backup.json"
_MILLION = 1e6


class LitellmPrices:
    """Prices by model name; the file is read at the first question.

    Args:
        overrides: Model name -> its price, from `judgekit.toml`.
        path: The price file; None: the one that the installed litellm brings.
    """

    def __init__(self, overrides: Mapping[str, Price] | None = None, *, path: Path | None = None) -> None:
        self._overrides = overrides or {}
        self._path = path
        self._known: dict[str, Price | None] = {}

    def cost_usd(self, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Return dollars; None when the model's price is unknown."""
        price = self._price(model)
        if price is None:
            return None
        return (prompt_tokens * price.prompt + completion_tokens * price.completion) / _MILLION

    def context_tokens(self, model: str) -> int | None:
        """Return the most tokens a prompt of the model may have; None when unknown."""
        override = self._overrides.get(model)
        if override is not None and override.context_tokens is not None:
            return override.context_tokens
        said = (self._row(model) or {}).get("max_input_tokens")
        return said if isinstance(said, int) and said > 0 else None

    def _price(self, model: str) -> Price | None:
        if model not in self._known:
            self._known[model] = self._overrides.get(model) or self._listed(model)
        return self._known[model]

    def _listed(self, model: str) -> Price | None:
        row = self._row(model) or {}
        prompt, completion = row.get("input_cost_per_token"), row.get("output_cost_per_token")
        if not isinstance(prompt, int | float) or not isinstance(completion, int | float):
            return None
        return Price(prompt=prompt * _MILLION, completion=completion * _MILLION)

    def _row(self, model: str) -> dict[str, Any] | None:
        provider, _, bare = model.partition("/")
        row = self._table.get(model)
        if row is None and bare:
            row = self._table.get(bare)
            row = row if row and row.get("litellm_provider") == provider else None
        return row if isinstance(row, dict) else None

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
