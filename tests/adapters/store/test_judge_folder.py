"""A judge's folder says the same as its record, both ways."""

from __future__ import annotations

import pytest

from judgekit.adapters.store.judge import JudgeFolder
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.records.judge import Demonstration, Judge, Lineage, Parameters, Pattern, Reading, Rule, Transcript
from judgekit.records.rubric import Criterion, Scale

CRITERION = Criterion(
    id="solved", question='Was it "solved"?', scale=Scale(type="ordinal", levels=(1, 2)), anchors={"1": "no\nway"}
)


def judge(**fields):
    return Judge(**{"name": "j", "criterion": CRITERION, "model": "openai/m", "user": "{{ session }}\n", **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"parameters": Parameters(temperature=None, stop=("a", "b"), extra={"x": {"y": [1]}})},
        {"reading": Reading(method="regex", patterns=(Pattern(match=r"(\d)\s$", value=1), Pattern(match="x")))},
        {"system": "two\n\n", "user": "", "transcript": Transcript(max_chars=10, elide="middle"), "samples": 3},
        {"rules": (Rule(text="Be\u2028exact", because=("l-1",)),), "lineage": Lineage(dataset="d", units=("u",))},
        {"demonstrations": (Demonstration(session="s", text="{{ x }}", value=2),), "base_url": "http://x/v1"},
        {
            "criterion": CRITERION.model_copy(update={"scale": Scale(type="preference"), "anchors": {}}),
            "target": "pair",
        },
    ],
)
def test_a_judge_comes_back_as_it_was(tmp_path, fields):
    """Every field survives the folder, also over an older judge in the same place."""
    folder = JudgeFolder(tmp_path / "j")
    folder.write(judge(system="older", rules=(Rule(text="old"),), demonstrations=()))
    folder.write(judge(**fields))
    assert folder.load() == judge(**fields)


def test_templates_are_read_as_they_stand(tmp_path):
    """Only the newline that ends the file is taken off."""
    folder = JudgeFolder(tmp_path / "j")
    folder.write(judge())
    (folder.path / "user.j2").write_text("  {{ a }}\r\n\n\n")
    assert folder.load().user == "  {{ a }}\r\n\n"


def test_comments_in_a_judge_are_kept(tmp_path):
    """Changing the model leaves a person's remarks where they are."""
    folder = JudgeFolder(tmp_path / "j")
    folder.write(judge())
    path = folder.path / "judge.toml"
    path.write_text(path.read_text().replace("\n\n", "\nsamples = 1 # enough\n\n", 1))
    folder.write(judge(model="openai/n"))
    assert "samples = 1 # enough" in path.read_text()
    assert folder.load() == judge(model="openai/n")


def test_a_new_judge_says_only_what_says_something(tmp_path):
    """Defaults are not written, and what is written means the same judge to the last fingerprint."""
    folder = JudgeFolder(tmp_path / "j")
    folder.write(judge())
    text = (folder.path / "judge.toml").read_text()
    keys = [line.partition(" = ")[0] for line in text.splitlines() if " = " in line]
    assert keys == ["format", "name", "kind", "model", "id", "question", "scale", "anchors"]
    assert [line for line in text.splitlines() if line.startswith("[")] == ["[criterion]"]
    loaded = folder.load()
    assert loaded == judge()
    assert loaded.judge_fingerprint == judge().judge_fingerprint
    folder.write(loaded)
    assert (folder.path / "judge.toml").read_text() == text


def test_what_differs_from_a_default_is_written(tmp_path):
    """A student's one order and another number of repeats stay in the file: they are part of its fingerprint."""
    folder = JudgeFolder(tmp_path / "j")
    given = judge(orders="forward", reading=Reading(retries=1), parameters=Parameters(temperature=None))
    folder.write(given)
    text = (folder.path / "judge.toml").read_text()
    assert 'orders = "forward"' in text
    assert "[reading]\nretries = 1\n" in text
    assert '[parameters]\ntemperature = "default"\n' in text
    assert folder.load().judge_fingerprint == given.judge_fingerprint


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("samples = 2", "sample = 1", "sample: unknown key 'sample'. Did you mean 'samples'?"),
        ("samples = 2", "samples = 0", "samples: input should be greater than or equal to 1, got 0"),
        ("[criterion]", "[criterian]", "criterian: unknown key 'criterian'. Did you mean 'criterion'?"),
        ("samples = 2", 'system = "x"', "'system' does not stand in judge.toml. Use system.j2"),
        ("samples = 2", 'api_key_env = "sk-123"', "api_key_env is no name of an environment variable"),
        ('model = "openai/m"', "", "a prompt judge needs a model"),
        ('elide = "middle"', 'elide = "midle"', "Did you mean 'middle'?"),
    ],
)
def test_what_is_wrong_in_a_judge_is_named(tmp_path, old, new, words):
    """File, key and the nearest known key are in the message; a key never is."""
    folder = JudgeFolder(tmp_path / "j")
    folder.write(judge(samples=2, transcript=Transcript(max_chars=9, elide="middle")))
    path = folder.path / "judge.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InvalidRecord) as caught:
        folder.load()
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert "sk-123" not in str(caught.value)


def test_a_folder_that_is_no_judge_says_so(tmp_path):
    """Missing folders, settings, weights and cut-off rules are named."""
    with pytest.raises(FileProblem, match="no such folder"):
        JudgeFolder(tmp_path / "none").load()
    with pytest.raises(FileProblem, match=r"judge\.toml is missing"):
        JudgeFolder(tmp_path).load()
    folder = JudgeFolder(tmp_path / "student")
    folder.write(judge(kind="student", model=None))
    with pytest.raises(FileProblem, match="without its weights"):
        folder.load()
    folder = JudgeFolder(tmp_path / "j")
    folder.write(judge())
    (folder.path / "rules.jsonl").write_text('{"text":"a"}\n{"te')
    with pytest.raises(FileProblem, match=r"rules\.jsonl:2: the last line is cut off"):
        folder.load()
    (folder.path / "rules.jsonl").write_text('{"txt":"a"}\n')
    with pytest.raises(InvalidRecord, match=r"rules\.jsonl:1: txt: unknown key"):
        folder.load()
    with pytest.raises(InvalidRecord, match="api_key_env"):
        folder.write(judge(api_key_env="sk-1-2"))
