"""Judge templates are strict about names, cannot reach beyond the prompt, and cannot grow without bound."""

from __future__ import annotations

import pytest

from judgekit.errors import InputError, InvalidRecord
from judgekit.judging.template import PromptTooLong, compile_template

VALUES = {"session": "Hi {{ 7*7 }} {% raw %}", "rules": ["be kind", "be brief"], "rows": [{"text": "one"}]}


def rendered(source: str) -> str:
    return compile_template(source, name="user.j2", known=VALUES).render(VALUES)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ session }}", "Hi {{ 7*7 }} {% raw %}"),
        (
            "{% for rule in rules %}\n{{ loop.index }}. {{ rule }}\n{% endfor %}\nend\n",
            "1. be kind\n2. be brief\nend\n",
        ),
        ("{{ rules | join('; ') }} {{ rows[0].text }} {{ 'a' ~ 1 }}", "be kind; be brief one a1"),
        ("{% for rule in rules if 'kind' in rule %}{{ rule | upper }}{% else %}none{% endfor %}", "BE KIND"),
        ("{% set first = rules[0] %}{{ first.title() }} {{ 2 ** 10 }} {{ '-' * 3 }} {{ 7 % 4 }}", "Be Kind 1024 --- 3"),
        ("{{ 'a\nb' | indent(2) | replace('b', 'c') }}", "a\n  c"),
    ],
)
def test_templates_do_what_prompts_need(source: str, text: str) -> None:
    """Names, loops, conditions and a few filters work; values are never evaluated."""
    assert rendered(source) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ session.__class__ }}",
        "{{ session['__class__'] }}",
        "{{ session | attr('__class__') }}",
        "{{ rules | map(attribute='__class__') | join }}",
        "{{ rules.append('x') }}",
        "{{ (5).to_bytes }}",
        "{{ session.format(1) }}",
        "{% include 'secrets' %}",
        "{% import 'os' as os %}",
        "{{ self }}",
        "{{ cycler }}",
        "{{ _steps }}",
    ],
)
def test_templates_reach_nothing_but_their_variables(source: str) -> None:
    """Python's insides, other files and mutation are refused, with the line."""
    with pytest.raises(InvalidRecord) as caught:
        rendered("\n" + source)
    assert caught.value.where == "user.j2:2"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 10 ** 10 }}",
        "{{ 10 ** 10 * 'a' }}",
        "{{ 10 ** (10 ** 10) }}",
        "{{ '%10000000000d' % 1 }}",
        "{{ '{:>10000000000}'.format(1) }}",
        "{{ 'a'.ljust(10 ** 10) }}",
        "{{ 'a' | center(10 ** 10) }}",
        "{{ 'a\nb' | indent(10 ** 9) }}",
        "{{ ('a' * 2000) | replace('', 'b' * 2000) }}",
        "{{ range(1000) | join('a' * 10000) }}",
        "{{ range(10 ** 9) | list }}",
        "{{ lipsum(10 ** 6) }}",
        "{% set s = 'a' %}" + "{% set s = s ~ s %}" * 60 + "{{ s }}",
        "{% set s = 'a' %}" + "{% set s = s + s %}" * 60 + "{{ s }}",
        "{% set s = ['a'] %}" + "{% set s = [s, s] %}" * 60 + "{{ s }}",
        "{% set s = ['a'] %}" + "{% set s = [s, s] %}" * 60 + "{{ s ~ 'a' }}",
        "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}",
        "{% for a in range(300) %}{% for b in range(300) %}{{ 'a' * 40 }}{% endfor %}{% endfor %}",
        "{% for a in rules recursive %}{{ loop(rules) }}{% endfor %}",
        "{% macro twice() %}{{ twice() }}{{ twice() }}{% endmacro %}{{ twice() }}",
    ],
)
def test_what_could_grow_without_bound_is_refused(source: str) -> None:
    """Repetition, padding, joining and loops stop before they cost memory or time."""
    with pytest.raises(InputError):
        rendered(source)


def test_a_text_that_outgrows_every_prompt_is_told_apart() -> None:
    """Too long is an error of its own, whether it is printed bit by bit or put together first."""
    for source in ("{{ 'a' * 1500000 }}{{ 'a' * 1500000 }}", "{{ 'a' * 1500000 ~ 'a' * 1500000 }}"):
        with pytest.raises(PromptTooLong, match=r"user\.j2.*2,000,000 characters"):
            rendered(source)


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("one\n{{ sesion }}", 2, "unknown variable 'sesion'. Did you mean 'session'?"),
        ("{{ session", 1, "unexpected"),
        ("one\n{% for rule in rules %}\n", 2, "endfor"),
        ("one\n\n{{ rows[0].txt }}", 3, "txt"),
        ("{{ rules }}", 1, "join"),
        ("{{ 1 / 0 }}", 1, "division"),
        ("{{ session | uper }}", 1, "uper"),
        ("{% macro x() %}{% endmacro %}", 1, "macro"),
    ],
)
def test_errors_name_the_line_of_the_template(source: str, line: int, words: str) -> None:
    """A wrong template is told as file, line and what to do, before anything is sent."""
    with pytest.raises(InvalidRecord) as caught:
        rendered(source)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"user.j2:{line}: ")
