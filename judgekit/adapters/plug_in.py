"""Code of the user's own, by name: `package.module:function`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from judgekit.errors import InputError


def load_function(name: str, *, what: str) -> Callable[..., Any]:
    """Return the function that `package.module:function` names; modules of the working folder count.

    Args:
        name: Module and function.
        what: What it is for, in the error.

    Raises:
        InputError: It cannot be imported, or is no function.
    """
    module, _, function = name.partition(":")
    here = str(Path.cwd())
    sys.path.insert(0, here)  # as `python -m` has it, so that checks.py beside judgekit.toml is found
    try:
        found = getattr(importlib.import_module(module), function)
    except Exception as error:  # the module is the user's own and may raise anything
        told = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise InputError(f"cannot load {what} {name!r}: {told}", hint="Write it as package.module:function") from error
    finally:
        sys.path.remove(here)
    if not callable(found):
        raise InputError(f"{what} {name!r} is no function", hint="Write it as package.module:function")
    function_found: Callable[..., Any] = found
    return function_found
