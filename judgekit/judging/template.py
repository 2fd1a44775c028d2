"""Judge templates: compiled once in a sandbox, rendered to text of bounded size; errors name file and line.

A template is code of whoever wrote the judge, so it runs guarded (`sandbox`). What it is filled with, session text
above all, is data: it is never compiled.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judgekit.errors import InvalidRecord, nearest
from judgekit.records.record import canonical_json

if TYPE_CHECKING:
    import jinja2

MAX_PROMPT_CHARS = 2_000_000
"""Longest rendered message, in characters: some 500,000 tokens at four characters each, twice what a session may take
(`transcript.MAX_TRANSCRIPT_CHARS`), so that only a runaway template meets it."""


class PromptTooLong(InvalidRecord):
    """A text that would outgrow `MAX_PROMPT_CHARS`, by the template's doing or by the session shown in it."""

    def __init__(self, where: str) -> None:
        """Keep the template's file, with its line where one is known."""
        super().__init__(
            f"the prompt grew beyond {MAX_PROMPT_CHARS:,} characters",
            where=where,
            hint="Look for a loop or a repetition in the template, or for a very long session",
        )


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template.

    Attributes:
        name: The file it came from, such as `user.j2`.
        variables: Names that it uses.
    """

    name: str
    variables: frozenset[str]
    _compiled: jinja2.Template
    _printed: frozenset[str] = frozenset()
    """Names that it only prints, as `{{ name }}`."""

    def filled(self, values: Mapping[str, object], open_names: Collection[str]) -> Form | None:
        """Return the text with gaps for some names, or None where the template does more with one than print it.

        Args:
            values: Everything but the open names.
            open_names: Names whose values come later.

        Raises:
            InvalidRecord: As `render` does.
        """
        left_open = self.variables.intersection(open_names)
        if not left_open <= self._printed or "\0" in self.render({**values, **dict.fromkeys(left_open, "")}):
            return None
        marks = {name: f"\0{name}\0" for name in left_open}
        text = self.render({**values, **marks})
        parts = re.split(f"\0({'|'.join(left_open)})\0", text) if left_open else [text]
        return Form(self.name, tuple(parts), tuple(canonical_json(part)[1:-1] for part in parts))

    def render(self, values: Mapping[str, object]) -> str:
        """Return the text, filled in.

        Args:
            values: Variable -> text, number, or a list or dictionary of them.

        Raises:
            InvalidRecord: The template asks for what is not there, or for what a template may not do.
            PromptTooLong: The text grows beyond `MAX_PROMPT_CHARS`.
        """
        from jinja2 import TemplateError

        from judgekit.judging.sandbox import STEPS, Steps, TooLarge

        pieces: list[str] = []
        n_chars = 0
        try:
            for piece in self._compiled.generate({**values, STEPS: Steps()}):
                n_chars += len(piece)
                if n_chars > MAX_PROMPT_CHARS:
                    raise PromptTooLong(self.name)
                pieces.append(piece)
        except TooLarge as error:
            raise PromptTooLong(self._place(error)) from error
        except (
            TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            raise InvalidRecord(str(error).rstrip(".") or type(error).__name__, where=self._place(error)) from error
        return "".join(pieces)

    def _place(self, error: Exception) -> str:
        """Return `file:line` of the template; jinja rewrites tracebacks to name its lines."""
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == self.name]
        return f"{self.name}:{lines[-1]}" if lines else self.name


@dataclass(frozen=True, slots=True)
class Form:
    """A template whose fixed part is filled in: text, name of a gap, text, name ... text."""

    name: str
    _parts: tuple[str, ...]
    _parts_as_json: tuple[str, ...]

    def render(self, values: Mapping[str, str]) -> str:
        """Return the text, its gaps filled.

        Raises:
            PromptTooLong: The text grows beyond `MAX_PROMPT_CHARS`.
        """
        parts = list(self._parts)
        parts[1::2] = [values[name] for name in parts[1::2]]
        text = "".join(parts)
        if len(text) > MAX_PROMPT_CHARS:
            raise PromptTooLong(self.name)
        return text

    def render_json(self, values: Mapping[str, str]) -> str:
        """Return that text as JSON; what stands between the gaps was put into JSON once."""
        parts = list(self._parts_as_json)
        parts[1::2] = [canonical_json(values[name])[1:-1] for name in self._parts[1::2]]
        return f'"{"".join(parts)}"'


def compile_template(source: str, *, name: str, known: Collection[str]) -> Template:
    """Return the template, ready to render.

    Args:
        source: Text of the template.
        name: The file it came from, for errors.
        known: Variables that will be there.

    Raises:
        InvalidRecord: Its syntax is wrong, or it uses a variable or a statement that is not offered.

    Example:
        >>> compile_template("Q: {{ question }}", name="user.j2", known=["question"]).render({"question": "Why?"})
        'Q: Why?'
    """
    from jinja2 import TemplateSyntaxError

    from judgekit.judging.sandbox import compiled, printed_names

    used = variable_lines(source, name=name)
    for variable, line in used.items():
        if variable not in known:
            raise unknown_variable(variable, known, where=f"{name}:{line}")
    try:
        return Template(name, frozenset(used), compiled(source, name), printed_names(source))
    except TemplateSyntaxError as error:
        raise _bad_syntax(error, name) from error


def variable_lines(source: str, *, name: str) -> dict[str, int]:
    """Return each variable that a template takes from outside, with the line where it first stands.

    Raises:
        InvalidRecord: Its syntax is wrong.

    Example:
        >>> variable_lines("{% for rule in rules %}{{ rule }} {{ session }}{% endfor %}", name="user.j2")
        {'rules': 1, 'session': 1}
    """
    from jinja2 import TemplateSyntaxError

    from judgekit.judging.sandbox import outside_names

    try:
        return outside_names(source)
    except TemplateSyntaxError as error:
        raise _bad_syntax(error, name) from error


def unknown_variable(variable: str, known: Collection[str], *, where: str) -> InvalidRecord:
    """Return the error for a variable that is not offered, with the nearest one that is."""
    close = nearest(variable, known)
    hint = (f"Did you mean {close!r}? " if close else "") + f"Known here: {', '.join(sorted(known))}"
    return InvalidRecord(f"unknown variable {variable!r}", where=where, hint=hint)


def _bad_syntax(error: jinja2.TemplateSyntaxError, name: str) -> InvalidRecord:
    return InvalidRecord(
        (error.message or "syntax error").rstrip("."), where=f"{name}:{error.lineno}", hint="Mend the template"
    )
