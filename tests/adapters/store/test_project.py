"""Datasets and judges have names in a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from judgekit.adapters.store.project import cache_folder, find_dataset, find_judge, new_judge_folder, project_root
from judgekit.errors import FileProblem, InputError, UnknownName


@pytest.fixture
def root(tmp_path):
    """Give a project with a dataset and a judge."""
    (tmp_path / "judgekit.toml").touch()
    for path in ("datasets/helpdesk/dataset.toml", "judges/solved/judge.toml", "src/deep/x"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    return tmp_path


def test_the_root_is_found_upward(root, tmp_path_factory, monkeypatch):
    """The nearest folder with judgekit.toml is the root; without one, the start is."""
    assert project_root(root / "src" / "deep") == root.resolve()
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert project_root(elsewhere) == elsewhere.resolve()
    monkeypatch.chdir(elsewhere)
    assert project_root() == elsewhere.resolve()


def test_the_cache_ignores_itself(root):
    """The cache folder keeps itself out of version control."""
    assert (cache_folder(root) / ".gitignore").read_text() == "*\n"
    assert cache_folder(root) == root / ".judgekit"


def test_names_and_paths_are_found(root):
    """A name is looked up on its shelf, a path is taken as it is."""
    assert find_dataset("helpdesk", root / "src") == root.resolve() / "datasets" / "helpdesk"
    assert find_dataset(root / "datasets" / "helpdesk") == root / "datasets" / "helpdesk"
    assert find_judge("solved", root) == root.resolve() / "judges" / "solved"


def test_an_unknown_name_lists_the_known(root):
    """The nearest name is proposed; a path that is not there is said to be none."""
    with pytest.raises(UnknownName, match=r"unknown dataset 'helpdsk'\. Did you mean 'helpdesk'"):
        find_dataset("helpdsk", root)
    with pytest.raises(UnknownName, match=r"unknown judge 'x'.*Known: solved"):
        find_judge("x", root)
    with pytest.raises(FileProblem, match="no such folder"):
        find_dataset("a/b", root)


def test_a_new_judge_goes_where_its_name_or_path_says(root):
    """A bare name goes under judges/, a path where it leads; no name and what is there already are refused."""
    assert new_judge_folder("tone", root) == root.resolve() / "judges" / "tone"
    assert new_judge_folder("elsewhere/tone", root) == Path("elsewhere/tone")
    for name in ("", ".", "..", "judges/.."):
        with pytest.raises(InputError, match="is no name for a judge"):
            new_judge_folder(name, root)
    with pytest.raises(FileProblem, match="already"):
        new_judge_folder("solved", root)
