"""A gate for a pull request: Markdown within limits, and annotations; reports are composed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.records.report import Disagreement, Rating
from judgekit.render import pull_request
from judgekit.render.fitted import cut
from judgekit.render.pull_request import comment, job_summary, marker, without_commands
from tests.render.composed_reports import HOSTILE
from tests.render.test_gate_part import LOOKS, composed, gate, rule

MEGABYTE = 1024 * 1000
LONG = 65_536
TRICKS = (
    "::error title=x::y",
    "\n::add-mask::secret\n##[error]z",
    "@octocat #12 GH-3 owner/repo#4",
    "![x](https://evil.example/p.png) [y](javascript:alert(1))",
    "</details><script>alert(1)</script><img src=x onerror=alert(1)>",
    "\u202egnp.exe\u2066",
    "<!-- judgekit-gate 9f4d10730006eef4 -->",
    "| a | b |\n|---|---|\n```\n~~~",
)


def crowd(n: int, text: str = "words"):
    """Return a gate with many rules that fail, and many cases."""
    rules = [rule("fail", rule=f"{place} floor tone", why=f"{place} {text}") for place in range(1, n + 1)]
    cases = tuple(
        Disagreement(criterion="tone", target=f"in-{place}", distance=4, excerpt=text,
                     ratings=(Rating(rater="a", value=5, rationale=text), Rating(rater="b", value=1, rationale=text)))
        for place in range(n)
    )  # fmt: skip
    return gate(*rules, word="fail", moved=cases, summary=("The gate fails.", *(text for _ in range(n))))


def shown(text: str) -> str:
    """Return Markdown as GitHub would parse it, as HTML with tables."""
    markdown_it = pytest.importorskip("markdown_it")
    page: str = markdown_it.MarkdownIt("gfm-like", {"html": True}).disable("linkify").render(text)
    return page


@pytest.mark.parametrize("make", [job_summary, comment])
def test_the_verdict_stands_first_and_what_decides_above_the_rest(make) -> None:
    """Answer with its exit code, the sentence over all, warnings, then rules from the worst down."""
    text = make(composed())
    places = [
        text.index(words)
        for words in ("failed (exit code 1)", "The gate fails", "### Warnings", "### Rules", "| fail |",
                      "| inconclusive |", "| pass |", "What would decide it", "in-44")
    ]  # fmt: skip
    assert places == sorted(places)


def test_a_comment_begins_with_its_hidden_marker() -> None:
    """A re-run finds its own comment by the first line; each experiment has its own, whatever its name."""
    assert comment(composed()).splitlines()[0] == marker("helpdesk")
    assert marker("helpdesk") != marker("helpdesk-2")
    assert re.fullmatch(r"<!-- judgekit-gate [0-9a-f]{16} -->", marker("--> @octocat <b>"))


@pytest.mark.parametrize("size", [10, *(pytest.param(n, marks=pytest.mark.slow) for n in (1_000, 5_000))])
def test_no_report_is_too_large(size) -> None:
    """Whatever there is, a summary stays below a megabyte and a comment below 64 kB, and says what was cut."""
    report = crowd(400, "評" * size)
    summary, said = job_summary(report), comment(report)
    assert len(summary.encode()) < MEGABYTE
    assert len(said.encode()) < LONG
    for text in (summary, said):
        assert "The gate fails." in text
        assert "failed (exit code 1)" in text
    assert "Cut to fit the platform's limit: " in said
    assert ("Cut to fit" in summary) == (size > 10)


def test_the_least_bad_is_cut_first() -> None:
    """Rows are taken from the top; a case that is shown is worse than any that is not."""
    text = comment(crowd(400, "w" * 290))
    found = [int(each) for each in re.findall(r"\| (\d+) floor tone \|", text)]
    assert found == list(range(1, len(found) + 1))
    shown_rules = text.count("| tone is at least 3 | fail |")
    assert 10 < shown_rules < 400
    assert f"Rules: {800 - len(found) - shown_rules} of 800 lines" in text


def test_a_text_that_is_cut_says_so() -> None:
    """No rationale ends as if it were whole."""
    assert cut("abc", 3) == "abc"
    assert cut("a" * 50, 20) == "a" * 13 + "… (cut)"
    assert "(cut)" in comment(crowd(1, "a" * 1000))


@pytest.mark.parametrize("make", [job_summary, comment])
@pytest.mark.parametrize("text", [*HOSTILE, *TRICKS])
def test_hostile_text_stays_text_as_rendered(make, text) -> None:
    """Parsed as GitHub parses it: no link, image, mention, HTML or second marker, and whole tables."""
    made = make(composed(text))
    page = shown(made)
    allowed = {"h2", "h3", "p", "strong", "em", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "blockquote"}
    tags = set(re.findall(r"</?([a-z0-9]+)", page))
    ours = {"a"} if make is job_summary else set()
    assert tags <= allowed | ours
    assert set(re.findall(r'href="([^"]+)"', page)) <= {
        each for each in re.findall(r'href="([^"]+)"', page) if "doi.org/" in each or "arxiv.org/" in each
    }
    assert not re.search(r"@\w", page)
    assert not re.search(r"#\d|GH-\d", page)
    assert made.count("<!-- judgekit-gate") == (make is comment)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", made)


def test_annotations_name_what_decides() -> None:
    """The gate first, then each rule that does not pass: errors, and warnings for what is undecided."""
    first, second, third = pull_request.annotations(composed(), file="experiments/helpdesk/experiment.toml")
    place = "file=experiments/helpdesk/experiment.toml"
    assert first.startswith(f"::error {place},title=judgekit gate failed (exit code 1)::The gate fails: ")
    assert "%0A1 of 5 rules fails" in first
    assert second.startswith(f"::error {place},title=2 not_worse policy%3A fail::")
    assert third.startswith(f"::warning {place},title=2 not_worse policy @ language=zh%3A inconclusive::")


def test_a_gate_that_passes_is_a_notice() -> None:
    """Nothing is marked as wrong."""
    assert [line.split(" ")[0] for line in pull_request.annotations(gate(rule()))] == ["::notice"]


def test_a_gate_out_of_budget_has_only_errors() -> None:
    """What could not be asked is an error, rule by rule."""
    assert [line.split(" ")[0] for line in pull_request.annotations(LOOKS)] == ["::error"] * 4


@pytest.mark.parametrize("n", [8, 9, 10, 40])
def test_at_most_ten_annotations_of_a_kind(n) -> None:
    """Nine of the worst, and one that counts the rest, where they are more than ten."""
    rules = [rule("fail", rule=f"{place} floor tone") for place in range(1, n + 1)]
    undecided = [rule("inconclusive", rule=f"{place} floor tone") for place in range(1, n + 1)]
    lines = pull_request.annotations(gate(*undecided, *rules, word="fail"))
    errors = [line for line in lines if line.startswith("::error ")]
    warnings = [line for line in lines if line.startswith("::warning ")]
    assert len(errors) == min(n + 1, 10)
    assert len(warnings) == min(n, 10)
    if n > 10:
        assert errors[-1].endswith(f"::and {n + 1 - 9} more; the job summary has all of them")


@pytest.mark.parametrize("text", [*HOSTILE, *TRICKS])
def test_an_annotation_is_one_command_on_one_line(text) -> None:
    """What a session says ends no command and begins none; the runner decodes it to what was said."""
    for line in pull_request.annotations(composed(text), file="a,b:c"):
        assert line.isprintable()
        found = re.fullmatch(r"::(?:error|warning|notice) ([^:]*)::.*", line)
        assert found
        given = found[1]
        assert set(re.findall(r"(?:^|,)(\w+)=", given)) == {"file", "title"}
        assert given.count(",") == 1
        assert "file=a%2Cb%3Ac" in given


@given(st.text(st.characters(), max_size=80))
def test_no_command_is_left_in_what_is_printed(text: str) -> None:
    """A runner that reads the log line by line finds nothing to obey."""
    for line in without_commands(text).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
