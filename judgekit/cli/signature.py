"""A command's signature as typer wants it: a record of options stands there as its options, one by one.

Options that belong together are the fields of one frozen dataclass, each with typer's declaration, and a command takes
the record by that one name. Here such a parameter is laid out into its fields, and put together again for the call.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints


def laid_out(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with every option of its records as a parameter of its own, in the records' place.

    Args:
        command: Takes records as keyword-only parameters; every field of a record has a default.
    """
    signature = inspect.signature(command, eval_str=True)
    hints = {name: each.annotation for name, each in signature.parameters.items()}
    records = {name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)}
    if not records:
        return command

    @functools.wraps(command)
    def call(**given: Any) -> Any:
        for name, record in records.items():
            given[name] = record(**{option.name: given.pop(option.name) for option in fields(record)})
        return command(**given)

    shown = [
        parameter
        for name, each in signature.parameters.items()
        for parameter in (_options(records[name]) if name in records else (each,))
    ]
    call.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]  # read by inspect.signature
    return call


def _options(record: Any) -> Iterator[inspect.Parameter]:
    declared = get_type_hints(record, include_extras=True)
    for option in fields(record):
        yield inspect.Parameter(
            option.name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=declared[option.name]
        )
