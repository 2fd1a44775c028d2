"""A command's records of options: typer sees the options, one by one, and the command its records."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated, get_args

import typer

from judgekit.cli.signature import laid_out


@dataclass(frozen=True)
class Pace:
    """Composed options."""

    calls: Annotated[int, typer.Option("--calls", min=1)] = 4
    wait_s: Annotated[float, typer.Option("--wait")] = 0.5


def walk(
    place: str, *, loud: Annotated[bool, typer.Option("--loud")] = False, pace: Pace, n: Annotated[int, "of"] = 2
) -> object:
    return place, loud, pace, n


def plain(place: str, n: int = 1) -> object:
    return place, n


def test_a_record_stands_as_its_options_in_its_place() -> None:
    """Name, order, default and declaration are the fields'; the rest is as it was."""
    shown = inspect.signature(laid_out(walk)).parameters
    assert list(shown) == ["place", "loud", "calls", "wait_s", "n"]
    assert (shown["calls"].default, shown["wait_s"].default) == (4, 0.5)
    kind, declared = get_args(shown["calls"].annotation)
    assert (kind, type(declared).__name__, declared.min) == (int, "OptionInfo", 1)


def test_the_command_is_given_its_record_again() -> None:
    """Whatever order the parser names them in."""
    assert laid_out(walk)(n=3, wait_s=1.0, calls=9, place="here", loud=True) == ("here", True, Pace(9, 1.0), 3)


def test_a_command_without_records_is_left_alone() -> None:
    """The very function: nothing stands between."""
    assert laid_out(plain) is plain
