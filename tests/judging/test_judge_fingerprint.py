"""Fingerprints of judges stay what they are: stored replies and runs are found by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from judgekit.adapters.store.judge import JudgeFolder
from judgekit.judging.prompt import Prompter
from judgekit.records.judge import Judge
from tests.judging.composed_judges import QUALITY, session_of

JUDGES = Path(__file__).parents[2] / "judges"
PLAIN = {"name": "j", "criterion": QUALITY, "model": "openai/m", "system": "S", "user": "{{ session }}"}
KEY = "sha256:62e595af082c06c680bf924620167a3803462e8fda6e5ff9f5bc0c5dedde85e9"


@pytest.mark.parametrize(
    ("name", "asked", "judge"),
    [
        ("resolution", "8d05f5f0dd3f79d1", "477c41f284014965"),
        ("policy", "bf5eb01ac1a4c224", "2f45bc45665edd54"),
        ("feedback", "c4fc3662b4224c8b", "a8fc6e1b4f6185a1"),
        ("resolution-student", "4f2d5f6ccdf28127", "4154d1032749a219"),
    ],
)
def test_the_shipped_judges_are_known_by_the_fingerprints_they_were_shipped_with(
    name: str, asked: str, judge: str
) -> None:
    """A field that a later version adds says nothing where it has its default."""
    loaded = JudgeFolder(JUDGES / name).load()
    assert loaded.request_fingerprint.startswith(f"sha256:{asked}")
    assert loaded.judge_fingerprint.startswith(f"sha256:{judge}")


def test_the_key_of_a_request_stays() -> None:
    """What is asked of a plain judge about a plain session has the key that it had in the first version."""
    request = Prompter(Judge.model_validate(PLAIN)).request(session_of("Help", "Done.")).request
    assert request.key == KEY


@pytest.mark.parametrize(
    ("change", "is_asked_anew"),
    [
        ({"further_criteria": [QUALITY.model_copy(update={"id": "tone"})]}, True),
        ({"reading": {"probabilities": True}}, True),
        ({"reading": {"probabilities": True, "fallback_samples": 4}}, True),
        ({"combine": "mean"}, False),
        ({"redact": [{"rule": "email"}]}, True),
    ],
)
def test_what_changes_the_answer_changes_the_fingerprint(change: dict[str, object], is_asked_anew: bool) -> None:
    """How it is asked changes both; how samples are made one, only what the judge is."""
    plain, changed = Judge.model_validate(PLAIN), Judge.model_validate({**PLAIN, **change})
    assert (plain.request_fingerprint != changed.request_fingerprint) == is_asked_anew
    assert plain.judge_fingerprint != changed.judge_fingerprint
