"""Reports as Markdown; reports are composed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.render.markdown import escaped, render_markdown
from tests.render.composed_reports import each_hostile, each_kind


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>x</b> & y", "\\<b\\>x\\</b\\> &amp; y"),
        ("a|b `c` *d* _e_ ~f~ $g$", "a\\|b \\`c\\` \\*d\\* \\_e\\_ \\~f\\~ \\$g\\$"),
        ("[x](javascript:alert(1)) ![y](z)", "\\[x\\](javascript:alert(1)) \\!\\[y\\](z)"),
        ("hi @octocat", "hi @<!-- -->octocat"),
        ("a@example.com", "a@<!-- -->example.com"),
        ("#12 GH-3", "#<!-- -->12 GH-<!-- -->3"),
        ("https://example.com", "https:<!-- -->//example.com"),
        ("www.example.com", "www<!-- -->.example.com"),
        ("one\n# two", "one # two"),
        ("back\\slash", "back\\\\slash"),
        ("\x1b[1m\u202e", "\\\\x1b\\[1m\\\\u202e"),
    ],
)
def test_others_text_stays_text(text, shown) -> None:
    """No markup, HTML, link, mention or reference comes of what a session says."""
    assert escaped(text) == shown


@given(st.text(st.characters(), max_size=100))
def test_no_markup_is_left_without_its_backslash(text: str) -> None:
    """Whatever comes, one line remains in which each character of markup is escaped."""
    bare = escaped(text).replace("<!-- -->", "")
    assert "\n" not in bare
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>|`*_\[\]]", re.sub(r"\\[`*_{}\[\]<>|~$!]", "", bare.replace("\\\\", "")))


@each_hostile
def test_a_hostile_report_has_no_html_and_whole_tables(hostile) -> None:
    """Only our own empty comment is HTML, and each line of a table has its head's number of cells."""
    text = render_markdown(hostile)
    assert not re.search(r"(?<!\\)<(?!!-- -->)", text)
    heads = 0
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(cells) == 1
        heads += 1
    assert heads


@each_kind
def test_the_report_opens_with_its_verdict_and_ends_with_warnings(composed) -> None:
    """Title, facts, verdict in words; warnings stand last, as an alert."""
    text = render_markdown(composed)
    assert text.startswith(f"# {escaped(composed.title)}\n")
    assert text.index(escaped(composed.summary[0])) < text.index("| ---")
    assert text.rstrip().splitlines()[-1].startswith("> - ")
    assert "> [!WARNING]" in text


@each_kind
def test_every_rationale_is_there(composed) -> None:
    """All words of all raters stand in the lists of cases."""
    text = render_markdown(composed)
    lists = ("contested", "failures", "disagreements", "moved")
    cases = [case for name in lists for case in getattr(composed, name, ())]
    assert cases or composed.kind in ("quality", "calibration", "plan", "experiment")
    for case in cases:
        for rating in (*case.ratings, *([case.judge] if case.judge else [])):
            assert escaped(rating.rationale or "") in text
