"""The guarded Jinja environment: what a judge's template may do, and how much.

A prompt needs names, `for`, `if`, `set` and a few filters. Everything else is absent, and what could grow without
bound (repetition, padding, joining, loops) is measured before it is done. Imported by `template`, lazily: jinja2 is
not light.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, meta, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from judgekit.judging.template import MAX_PROMPT_CHARS

STEPS = "_steps"
"""Hidden variable that carries a rendering's budget of loop steps."""
MAX_STEPS = 100_000
"""Loop steps in one rendering: far above any prompt's need, done in well under a second."""
MAX_RANGE = 1_000
MAX_INDENT = 100
MAX_NUMBER_BITS = 4_096

_STATEMENTS = (nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign)
_FILTERS = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "int", "items", "last", "length",
    "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "title",
    "trim", "truncate", "unique", "upper", "wordcount",
)  # fmt: skip
_TEXT_METHODS = frozenset({
    "capitalize", "count", "endswith", "find", "isdigit", "lower", "lstrip", "rstrip", "split", "splitlines",
    "startswith", "strip", "title", "upper",
})  # fmt: skip
_DICT_METHODS = frozenset({"get", "items", "keys", "values"})


class TooLarge(SecurityError):
    """A result that would not fit into any prompt."""


class Steps:
    """How many loop steps a rendering has left."""

    def __init__(self, left: int = MAX_STEPS) -> None:
        self.left = left

    def spend(self) -> None:
        """Take one.

        Raises:
            SecurityError: None is left.
        """
        self.left -= 1
        if self.left < 0:
            raise SecurityError(f"the loops take more than {MAX_STEPS:,} steps")


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox: strict about names, plain text, measured operators, no call that could amplify."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_printable,
        )
        self.globals = {"range": _range}
        offered = {name: FILTERS[name] for name in _FILTERS}
        self.filters = {**offered, "counted": _counted, "indent": _indent, "join": _join, "replace": _replace}

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Do an operation whose result is bounded.

        Raises:
            SecurityError: It is not.
        """
        if operator == "%" and isinstance(left, str):
            raise SecurityError("text % value is not offered; write the value in {{ ... }}")
        _check_size(_size_after(operator, left, right))
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Offer the attributes of loops, and of texts and dictionaries those that cannot amplify."""
        if not super().is_safe_attribute(obj, attr, value):
            return False
        if isinstance(obj, str):
            return attr in _TEXT_METHODS
        return attr in _DICT_METHODS if isinstance(obj, dict) else isinstance(obj, LoopContext)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:  # noqa: ARG002  # jinja's signature
        """Leave `str.format` to `is_safe_attribute`, which refuses it: its widths amplify."""
        return None


def compiled(source: str, name: str) -> Template:
    """Return the compiled template, its loops counted and its joins measured.

    Raises:
        TemplateSyntaxError: Syntax, or a statement that is not offered.
    """
    environment = PromptEnvironment()
    tree = environment.parse(source, name)
    for node in tree.find_all(nodes.Stmt):
        if not isinstance(node, _STATEMENTS) or (isinstance(node, nodes.For) and node.recursive):
            raise TemplateSyntaxError(f"{{% {_statement(node)} %}} is not offered to judges", node.lineno, name)
    guarded = _Guard().visit(tree)
    guarded.set_environment(environment)
    return Template.from_code(environment, environment.compile(guarded, name, name), environment.globals)


def outside_names(source: str) -> dict[str, int]:
    """Return the names a template takes from outside, with their first lines.

    Raises:
        TemplateSyntaxError: Its syntax is wrong.
    """
    environment = PromptEnvironment()
    tree = environment.parse(source)
    free = meta.find_undeclared_variables(tree) - set(environment.globals)
    lines: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in free and node.ctx == "load":
            lines[node.name] = min(node.lineno, lines.get(node.name, node.lineno))
    return dict(sorted(lines.items(), key=lambda item: item[1]))


def printed_names(source: str) -> frozenset[str]:
    """Return the names that a template does nothing with but print them, as `{{ name }}`."""
    tree = PromptEnvironment().parse(source)
    n_uses = Counter(node.name for node in tree.find_all(nodes.Name))
    outputs = [node for output in tree.find_all(nodes.Output) for node in output.nodes]
    n_prints = Counter(node.name for node in outputs if isinstance(node, nodes.Name))
    return frozenset(name for name, n in n_prints.items() if n == n_uses[name])


class _Guard(NodeTransformer):
    """Put what runs through a loop, and what `~` joins, through a measured filter."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # jinja's name for it
        self.generic_visit(node)
        node.iter = _filtered(node.iter, "counted")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  # jinja's name for it
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), "join")


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _statement(node: nodes.Node) -> str:
    names: dict[type[nodes.Node], str] = {
        nodes.AssignBlock: "set block",
        nodes.For: "for ... recursive",
        nodes.FilterBlock: "filter block",
    }
    return names.get(type(node), type(node).__name__.lower())


def _printable(value: object) -> object:
    """Refuse what would print as Python."""
    if isinstance(value, str | int | float | Undefined) and not isinstance(value, bool):
        return value
    kind = "an empty value" if value is None else f"a {type(value).__name__}"
    raise SecurityError(f"{kind} cannot be printed; use if, for or the join filter")


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    steps: Steps = context[STEPS]
    for item in items:
        steps.spend()
        yield item


def _join(items: Iterable[Any], d: str = "") -> str:
    texts: list[str] = []
    size = 0
    for item in items:
        text = str(_printable(item))
        size += len(text) + len(d)
        _check_size(size)
        texts.append(text)
    return d.join(texts)


def _indent(text: str, width: int = 4, first: bool = False) -> str:  # noqa: FBT001, FBT002  # as jinja's own
    if not 0 <= width <= MAX_INDENT:
        raise SecurityError(f"indent goes up to {MAX_INDENT}")
    lines = text.split("\n")
    _check_size(len(text) + width * len(lines))
    pad = " " * width
    return (pad if first else "") + f"\n{pad}".join(lines)


def _replace(text: str, old: str, new: str) -> str:
    _check_size(len(text) + text.count(old) * max(len(new) - len(old), 0))
    return text.replace(old, new)


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise SecurityError(f"range goes up to {MAX_RANGE:,} numbers")
    return numbers


def _size_after(operator: str, left: Any, right: Any) -> int:
    """Return the characters or items of a result; for numbers, characters in proportion to their bits."""
    if operator == "+":
        return _length(left) + _length(right)
    if operator == "*" and isinstance(right, int):
        return _length(left) * right if _length(left) else _number_size(_bits(left) + _bits(right))
    if operator == "*" and isinstance(left, int):
        return left * _length(right)
    if operator == "**" and isinstance(left, int) and isinstance(right, int):
        return _number_size(_bits(left) * abs(right))
    return 0


def _check_size(size: int) -> None:
    if size > MAX_PROMPT_CHARS:
        raise TooLarge("the result would be too large")


def _number_size(bits: int) -> int:
    return MAX_PROMPT_CHARS + 1 if bits > MAX_NUMBER_BITS else bits


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 0
