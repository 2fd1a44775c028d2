"""Reports as one self-contained HTML page: no script, no outside resource, everything escaped.

The page's words and tables are `content`'s, its pictures `plot`'s; template and style lie in `page/`. The
same reports give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from judgekit.records.any_report import KINDS
from judgekit.records.report import Report
from judgekit.render.block import Content, Figure, Words
from judgekit.render.content import METHOD_TITLE, content_of
from judgekit.render.overview import overview_parts
from judgekit.render.plain import JOINERS, visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

POLICY = "default-src 'none'; style-src '{style}'; base-uri 'none'; form-action 'none'"
"""The page may run, load and send nothing; its one style is known by its hash."""


def render_html(reports: Sequence[Report], *, title: str | None = None) -> str:
    """Return one page for a list of reports: agreement first, then scores, qualities and comparisons.

    Args:
        reports: At least one.
        title: The page's title; the only report's own, or `Report`, when not given.
    """
    ordered = sorted(reports, key=lambda report: KINDS.index(report.kind))
    contents = [content_of(report) for report in ordered]
    environment = _environment()
    style = environment.get_template("report.css").render().strip()
    page = environment.get_template("report.html.j2")
    return (
        page.render(
            title=title or (contents[0].title if len(contents) == 1 else "Report"),
            contents=contents,
            overview=overview_parts(ordered) if len(ordered) > 1 else (),
            has_title_of_its_own=title is not None or len(contents) > 1,
            questions=[report.settings.get("question") or getattr(report, "question", None) for report in ordered],
            style=_markup(style),
            policy=POLICY.format(style=_hash(style)),
            block_kind=lambda block: type(block).__name__.lower(),
            draw=_drawn,
            method_title=METHOD_TITLE,
            warnings_of=_warnings_of,
        ).strip()
        + "\n"
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("judgekit.render", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _harmless(value: object) -> object:
    """Show control and direction-changing characters of whatever the template prints; our own markup passes."""
    return visible(value, keep=JOINERS) if type(value) is str else value


def _warnings_of(content: Content) -> list[str]:
    blocks = [block for section in content.sections if section.tone == "warning" for block in section.blocks]
    return [each for block in blocks if isinstance(block, Words) for each in block.sentences]


def _drawn(figure: Figure) -> Markup | None:
    """Return a figure's SVG, whose words are escaped; None when there is nothing to draw."""
    picture = figure.draw()
    return None if picture is None else _markup(picture)


def _markup(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704  # our own style, or SVG whose texts are escaped


def _hash(style: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
