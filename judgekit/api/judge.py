"""Judges as calls: by folder, made anew, read critically, or learnt from the labels. Running one is `running`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judgekit.api.given import SEED, words_of

if TYPE_CHECKING:
    from judgekit.judging.finding import Finding
    from judgekit.judging.ports import Request
    from judgekit.records.dataset import Dataset
    from judgekit.records.judge import Judge
    from judgekit.records.session import Session
    from judgekit.workflows.distil import Distilled


def load_judge(path: str | Path) -> Judge:
    """Return a judge by folder, or by its name under `judges/`."""
    from judgekit.adapters.store.judge import load_judge as load
    from judgekit.adapters.store.project import find_judge

    return load(find_judge(str(path)))


def new_judge(
    dataset: Dataset, criterion: str, *further: str, name: str | None = None, model: str = "openai/gpt-4o-mini"
) -> Judge:
    """Return a prompt judge with the default templates for one criterion of a dataset, or several in one reply."""
    from judgekit.judging.scaffold import new_judge as make

    asked = [dataset.rubric.criterion(each) for each in (criterion, *further)]
    return make(*asked, name=name or criterion, model=model)


def lint(judge: Judge) -> tuple[Finding, ...]:
    """Return what is doubtful about a judge's templates and reading rules."""
    from judgekit.judging.lint import lint as check

    return check(judge)


def render_request(judge: Judge, session: Session) -> Request:
    """Return exactly what would be sent to the judge's model about one session."""
    from judgekit.adapters.store.judge import with_project_rules
    from judgekit.judging.prompt import Prompter

    return Prompter(with_project_rules(judge)).request(session).request


def distil_student(
    dataset: Dataset, criterion: str, *, splits: Sequence[str] = ("train",), n_folds: int = 5, seed: int = SEED
) -> Distilled:
    """Return a local student judge learnt from the experts' labels, cross-fitted by group."""
    from judgekit.workflows.distil import distil_student

    chosen: Any = words_of(splits)
    return distil_student(dataset, criterion, splits=chosen, seed=seed, n_folds=n_folds, name=f"{criterion}-student")
