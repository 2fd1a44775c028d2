"""Reports as LaTeX; reports are composed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judgekit.records.agreement_report import AgreementReport
from judgekit.records.report import Row
from judgekit.render.citation import cited
from judgekit.render.latex import ESCAPES, LETTERS, MOST_ROWS, escaped, render_latex
from judgekit.stats.estimate import Estimate
from tests.render.composed_reports import HOSTILE, each_hostile, each_kind, load

SAFE = re.compile(
    r"\\(?:textbackslash|textasciicircum|textasciitilde|textless|textgreater|textbar|textquotedbl|textquotesingle"
    r"|textasciigrave|textendash|textemdash|textquoteleft|textquoteright|textquotedblleft|textquotedblright"
    r"|textellipsis|textbullet|texteuro|allowbreak)\{\}"
    r"|\\ensuremath\{(?:-|\\[a-z]+)\}|\\judgekitcode\{[0-9A-F]{4,6}\}|\\[{}$&#%_]|\{\}"
)
"""All that may stand in escaped text of what TeX acts on."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\\input{/etc/passwd}", "\\textbackslash{}input\\{/etc/passwd\\}"),
        ("100% of $x_1$ & #2", "100\\% of \\$x\\_1\\$ \\& \\#2"),
        ("a^b ~c", "a\\textasciicircum{}b \\textasciitilde{}c"),
        ("one\n\npar", "one par"),
        ("--- ,, `` ''", "-{}-{}- ,{}, \\textasciigrave{}\\textasciigrave{} \\textquotesingle{}\\textquotesingle{}"),
        ("naïve Łódź", "naïve Łódź"),
        ("e\u0301", "é"),
        ("取消", "\\judgekitcode{53D6}\\judgekitcode{6D88}"),
        ("\x1b[31m\u202e", "\\textbackslash{}x1b[31m\\textbackslash{}u202e"),
        ("w" * 25, "w" * 24 + "\\allowbreak{}w"),
    ],
)
def test_others_text_stays_text(text, shown) -> None:
    """No command, group, comment, parameter, shift to mathematics or ligature comes of what a session says."""
    assert escaped(text) == shown


@given(st.text(st.characters(), max_size=80))
def test_nothing_that_tex_acts_on_is_left(text: str) -> None:
    """Whatever comes, all that remains of TeX's own signs is in the short list of names for signs."""
    assert not set(SAFE.sub("", escaped(text))) & set("\\{}$&#%_^~")
    assert "\n" not in escaped(text)


@each_hostile
def test_a_hostile_report_keeps_its_tables_whole(hostile) -> None:
    """Each line of a table has its head's number of cells, and environments close in order."""
    text = render_latex([hostile])
    for body in re.findall(r"\\toprule\n(.*?)\\bottomrule", text, re.DOTALL):
        lines = [line for line in body.splitlines() if line != "\\midrule"]
        assert len({len(re.findall(r"(?<!\\)&", line)) for line in lines}) == 1
    open_environments: list[str] = []
    for verb, name in re.findall(r"\\(begin|end)\{([a-z]+)\}", text):
        if verb == "begin":
            open_environments.append(name)
        else:
            assert open_environments.pop() == name
    assert not open_environments


@each_kind
def test_the_document_says_what_the_report_says(composed) -> None:
    """Verdict, every criterion's table with its caption, methods, and a bibliography of the works used."""
    text = render_latex([composed])
    assert escaped(composed.summary[0]) in text
    captions = re.findall(r"\\caption\{(.*)\}", text)
    for criterion in {row.criterion for row in composed.rows}:
        assert any(caption.startswith(criterion) for caption in captions)
    assert text.count("\\bibitem") == len(cited(composed))
    for warning in composed.warnings:
        assert escaped(warning) in text


@each_kind
def test_the_same_reports_give_the_same_bytes(composed) -> None:
    """No clock and no chance is in the document."""
    assert render_latex([composed]) == render_latex([composed])


def test_minus_signs_of_numbers_are_minus_signs() -> None:
    """In columns of numbers a hyphen before a digit is a minus; in names it stays."""
    text = render_latex([load("comparison")])
    assert "[$-$0.06, +0.35]" in text
    assert "prompt-v8 minus prompt-v7" in text


def test_a_long_table_goes_on_in_the_next() -> None:
    """No table is longer than a page, and no row is lost."""
    estimate = Estimate(0.5, 0.4, 0.6, 0.95, 50, 50, "bca")
    rows = tuple(
        Row(criterion="c", metric="f1", between=f"a~b{number}", estimate=estimate) for number in range(MOST_ROWS + 3)
    )
    text = render_latex([AgreementReport(title="t", rows=rows)])
    assert "(continued)" in text
    assert len(re.findall(r"^a vs b\d+ &", text, re.MULTILINE)) == MOST_ROWS + 3


KINDS = ("agreement", "score", "comparison")
EVERY_SIGN = "".join(sorted(LETTERS)) + "".join(ESCAPES) + "評 Ω"
ENGINES = {
    "pdflatex": "texlive-latex-recommended",
    "lualatex": "texlive-luatex lmodern",
    "xelatex": "texlive-xetex lmodern",
}
"""Program -> the Debian packages that bring it and its fonts."""


def compiled(engine: str, document: str, folder: Path) -> str:
    """Run an engine over a document; return its log."""
    program = shutil.which(engine)
    if program is None:
        pytest.skip(f"{engine} is not installed (Debian: {ENGINES[engine]})")
    (folder / "report.tex").write_text(document, encoding="utf-8")
    command = [program, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False)
    log = (folder / "report.log").read_text(encoding="utf-8", errors="replace")
    if re.search(r"Font .* not loadable|fontspec\.sty' not found", log):
        pytest.skip(f"{engine} is installed without its fonts (Debian: {ENGINES[engine]})")
    assert done.returncode == 0, done.stdout[-2000:].decode("utf-8", "replace")
    assert (folder / "report.pdf").stat().st_size > 10_000
    assert {path.suffix for path in folder.iterdir()} == {".tex", ".pdf", ".aux", ".log"}
    return log


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_plain_reports_compile(engine, tmp_path: Path) -> None:
    """Every engine makes pages, without an error and without a letter that its fonts lack."""
    log = compiled(engine, render_latex([load(kind) for kind in KINDS], title="Łódź, naïve"), tmp_path)
    assert "Missing character" not in log


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_hostile_reports_compile(engine, tmp_path: Path) -> None:
    """Whatever was said: no error, no other file touched, and a sign that the font lacks stands as its code."""
    reports = [load(kind, text) for text in (*HOSTILE, EVERY_SIGN) for kind in KINDS]
    log = compiled(engine, render_latex(reports, title="hostile"), tmp_path)
    assert "Missing character" not in log
