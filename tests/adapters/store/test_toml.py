"""Hand-written files say which line is wrong, and keep people's comments."""

from __future__ import annotations

import tomllib

import pytest

from judgekit.adapters.store.toml import read_toml, write_toml
from judgekit.errors import InvalidRecord
from judgekit.records.dataset import DatasetCard, RaterGroup
from judgekit.records.rubric import Criterion, Rubric, Scale

WRITTEN = '''# Ours.
name = "helpdesk"
version = "2"

[[criteria]]
id = "polite"
question = "Was it polite?"   # as agreed in May
scale = { type = "binary", levels = ["no", "yes"] }

[[criteria]]
id = "solved"
question = """
[looks.like] a header = no
"""
scale = { type = "ordinal", levels = [1, 2, 3] }
anchors = { 1 = "no", 3 = "yes" }
'''


@pytest.fixture
def path(tmp_path):
    """Give the path of a rubric that a person wrote."""
    (tmp_path / "rubric.toml").write_text(WRITTEN)
    return tmp_path / "rubric.toml"


def test_words_stay_words(path):
    """`no` and `yes` are words, not booleans."""
    assert read_toml(path, Rubric).criteria[0].scale.levels == ("no", "yes")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("levels = [1, 2, 3]", "levls = [1, 2, 3]", ":15: criteria[1].scale.levls: unknown key 'levls'. Did you mean"),
        ('id = "solved"', 'idd = "solved"', ":11: criteria[1].idd: unknown key"),
        ('version = "2"', "version = 2", ":3: version: input should be text, got 2"),
        ('version = "2"', 'version = "2', ":3: not TOML"),
        ('id = "solved"\n', "", ":10: criteria[1].id: 'id' is missing"),
        ('3 = "yes" }', '9 = "yes" }', ":10: criteria[1]: anchor '9' is not a level"),
        ('name = "helpdesk"', 'nmae = "helpdesk"', ":2: nmae: unknown key 'nmae'. Did you mean 'name'?"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(path, old, new, words):
    """Syntax errors, unknown keys and wrong values come with file and line."""
    path.write_text(WRITTEN.replace(old, new))
    with pytest.raises(InvalidRecord) as caught:
        read_toml(path, Rubric)
    assert f"{path}{words}" in str(caught.value)


def test_comments_survive_a_change(path):
    """Changing one field changes its line only."""
    rubric = read_toml(path, Rubric)
    write_toml(path, rubric.model_copy(update={"version": "3"}))
    assert path.read_text() == WRITTEN.replace('version = "2"', 'version = "3"')


def test_an_unchanged_record_leaves_the_text_alone(path):
    """Writing what stands there is no change, defaults included."""
    write_toml(path, read_toml(path, Rubric))
    assert path.read_text() == WRITTEN


def test_criteria_come_and_go(path):
    """A file with another number of tables still says what the record says."""
    rubric = read_toml(path, Rubric)
    extra = Criterion(id="tone", question='say "x" \\ \u0007', scale=Scale(type="numeric", min=0, max=1))
    for criteria in ((*rubric.criteria, extra), rubric.criteria[:1], ()):
        changed = rubric.model_copy(update={"criteria": criteria})
        write_toml(path, changed)
        assert read_toml(path, Rubric) == changed


def test_a_new_file_has_its_comments_and_format(tmp_path):
    """Comments stand above their keys; tables come after plain keys."""
    card = DatasetCard(name="x", raters={"experts": RaterGroup(raters=("ana", "b\nen"))})
    write_toml(tmp_path / "d.toml", card, {"": "Top.", "raters": "Who."})
    text = (tmp_path / "d.toml").read_text()
    assert text.startswith("# Top.\nformat = 1\n")
    assert "\n\n# Who.\n[raters]" in text
    assert tomllib.loads(text)["raters"]["experts"]["raters"] == ["ana", "b\nen"]
    assert read_toml(tmp_path / "d.toml", DatasetCard) == card
