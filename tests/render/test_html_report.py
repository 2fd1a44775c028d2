"""Reports as one page; reports are composed."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from judgekit.render.bibliography import WORKS
from judgekit.render.html import render_html
from tests.render.composed_reports import HOSTILE, each_hostile, each_kind, load

VOID = {"meta", "link", "br", "img", "input", "hr"}
ALLOWED = """html head meta title style body main header h1 h2 h3 nav ol ul li a article p dl dt dd div bdi aside
section table caption thead tbody tr th td small figure figcaption details summary span b q svg desc line rect circle
text"""


class Page(HTMLParser):
    """What a browser would see: tags in order, their attributes, and whether they close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@each_hostile
def test_hostile_text_makes_no_tag_and_no_attribute(hostile) -> None:
    """The page has only its own tags, no handler, no style attribute, no address but anchors and works cited."""
    page = Page(render_html([hostile], title=hostile.title))
    assert set(page.tags) <= set(ALLOWED.split())
    assert not page.open
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not {"style", "src", "srcset", "xlink:href", "action"} & names
    ours = {work.address for work in WORKS.values()}
    addresses = [value or "" for name, value in page.attributes if name == "href"]
    assert all(address.startswith("#report-") or address in ours for address in addresses)
    assert all(character.isprintable() or character in "\n\u200c\u200d" for character in "".join(page.text))


@each_kind
def test_there_is_no_script_and_a_policy_that_names_the_style(composed) -> None:
    """Nothing runs and nothing loads; the one style matches the hash in the policy."""
    text = render_html([composed])
    assert "<script" not in text.lower()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    allowed = policy[1].replace("&#39;", "'").replace("&#43;", "+")
    assert allowed.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}'" in allowed


@each_kind
def test_the_same_reports_give_the_same_bytes(composed) -> None:
    """No clock and no chance is in the page."""
    assert render_html([composed]) == render_html([composed])


def test_reports_stand_in_the_order_of_reading() -> None:
    """Agreement, score, comparison, however they were given; the list of contents names each."""
    text = render_html([load("comparison"), load("score"), load("agreement")])
    places = [text.index(f'class="{kind}"') for kind in ("agreement", "score", "comparison")]
    assert places == sorted(places)
    assert text.count('href="#report-') == 3


@each_kind
def test_every_word_of_every_rater_is_on_the_page(composed) -> None:
    """The disagreement explorer holds all rationales, folded in details."""
    page = "".join(Page(render_html([composed])).text)
    lists = ("contested", "failures", "disagreements", "moved")
    for case in (case for name in lists for case in getattr(composed, name, ())):
        for rating in case.ratings:
            assert (rating.rationale or "No reason given.") in page


def test_disagreements_are_looked_through_by_criterion_and_gap() -> None:
    """Without a script: each size of gap is a group to open, the widest is open, and each says how many it holds."""
    text = render_html([load("score")])
    groups = re.findall(r'<details class="group"( open)?><summary><b>([^<]+)</b> <span class="facts">([^<]+)<', text)
    assert [(name, n) for _, name, n in groups] == [
        ("resolution, 3.5 apart", "1 session"),
        ("resolution, 3 apart", "1 session"),
        ("resolution, 2 apart", "2 sessions"),
        ("resolution, 1 apart", "3 sessions"),
    ]
    assert [is_open for is_open, _, _ in groups] == [" open", "", "", ""]


@each_kind
def test_warnings_stand_before_numbers(composed) -> None:
    """On a page, what must be known before believing the rows comes before them."""
    text = render_html([composed])
    assert text.index("Read before believing the numbers") < text.index("<table")


def test_everything_dropped_is_counted_on_the_page() -> None:
    """Causes and their numbers are in the table of where the answers went, and in the notes."""
    page = " ".join("".join(Page(render_html([load("score")])).text).split())
    for words in ("no label 8", "refused 1, unparsed 2", "judge vs reference, left out: unparsed 3."):
        assert words in page


def test_a_comparison_is_marked_as_the_judges_own() -> None:
    """Differences by the judge are marked not corrected."""
    assert "Judge only, not corrected" in render_html([load("comparison")])


@each_kind
def test_every_table_says_what_its_heads_are_for(composed) -> None:
    """Heads carry their scope; pictures carry a title and a description."""
    text = render_html([composed])
    heads = re.findall(r"<th\b[^>]*>", text)
    assert heads
    assert all('scope="col"' in head or 'scope="row"' in head for head in heads)
    for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        assert 'role="img"' in picture
        assert re.search(r"<title>[^<]+</title><desc>[^<]+</desc>", picture)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_the_page_opens_in_a_browser_without_a_word_of_complaint(tmp_path: Path, width: int, scheme: str) -> None:
    """Chromium shows it with its style, at any width, without a console message or a request."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium is installed")
    from playwright.sync_api import sync_playwright

    reports = [load("agreement"), load("score"), load("comparison")]
    reports += [load("score", text) for text in HOSTILE]
    path = tmp_path / "report.html"
    path.write_text(render_html(reports, title="composed sample"), encoding="utf-8")
    said: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]  # a literal
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.locator("details").first.locator("summary").click()
        room = page.evaluate("document.documentElement.scrollWidth")
        shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
        browser.close()
    assert said == []
    assert asked == [path.as_uri()]
    assert room == width
    assert shade == {"light": "rgb(253, 253, 251)", "dark": "rgb(21, 24, 27)"}[scheme]
