"""The card of a certificate: plain words in 80 columns, whatever names and words stand in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from judgekit.cli.standing import standing_words
from judgekit.records.certificate import Certificate, CertifiedCheck, CheckName, PassRule, Standing
from judgekit.render.certificate_card import certificate_card
from judgekit.stats.estimate import Estimate, undefined

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def found(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, 0.95, 150, 150, "bca")


def certificate(**fields: object) -> Certificate:
    rule = PassRule(min_kappa=0.6, max_bias=0.1)
    measured: dict[CheckName, tuple[str, Estimate, float]] = {
        "kappa": ("cohen_kappa", found(0.78, 0.71, 0.84), 0.6),
        "bias": ("bias", found(0.02, -0.03, 0.07), 0.1),
        "failure_rate": ("failure_rate", found(0.01, 0.0, 0.04), 0.05),
    }
    checks = tuple(
        CertifiedCheck(name=name, metric=metric, estimate=estimate, line=line, holds=True)
        for name, (metric, estimate, line) in measured.items()
    )
    told = {
        "judge": "judy", "judge_fingerprint": "sha256:j", "dataset": "data", "criterion": "tone",
        "criterion_fingerprint": "sha256:c", "rule": rule, "rule_hash": rule.fingerprint(), "holds": True,
        "is_provisional": False, "checks": checks, "n_labels": 150, "opening": 1, "level_spent": 0.975,
        "opening_id": "o-1", "labels": ("a", "b"), "labels_fingerprint": "sha256:l", "at": NOW,
        "expires": NOW + timedelta(days=90), "words": ("tone: x", "1", "2", "3", "tone: two experts reach .80."),
    } | fields  # fmt: skip
    return Certificate.model_validate(told)


def test_it_says_what_was_asked_and_shown_and_until_when() -> None:
    """Word for word, so that a change is meant."""
    valid = Standing(judge="judy", criterion="tone", word="valid", why="judy is certified for tone until 2026-05-30")
    assert (
        certificate_card(certificate(), valid, is_now=True)
        == """\
Certificate of judy: tone on data
  verdict       HOLDS: all that was asked was shown.
  now           VALID: judy is certified for tone until 2026-05-30
  asked         agreement beyond chance (kappa) of at least 0.6; too kind or too
                harsh by at most 0.1; left unanswered at most 5%. Declared
                before these labels were opened.
  shown         yes: kappa 0.78, at least 0.71 with 97.5% confidence
                yes: +0.02 [-0.03, +0.07]
                yes: unanswered 1.0%, at most 4.0% with 97.5% confidence
  rests on      150 labelled test sessions (2 labels of the experts), on
                2026-03-01; first look at them
  to know       two experts reach .80.
  probes        not known: this certificate does not say
  valid until   2026-05-30 (90 days)
  void when     the judge, its model or its prompt changes; a label that it
                rests on is taken back, corrected, adjudicated or redacted; the
                question is reworded; dataset.toml asks for more. New labels do
                not void it."""
    )


def test_what_does_not_hold_stands_first() -> None:
    """Failed, provisional, undefined and void: each in its own words."""
    lost = CertifiedCheck(
        name="kappa", metric="cohen_kappa", estimate=undefined("constant", "every label is 4"), line=0.6, holds=False,
        why="it is undefined: every label is 4",
    )  # fmt: skip
    card = certificate_card(certificate(holds=False, checks=(lost,), opening=4, n_labels=1))
    assert "DOES NOT HOLD: not everything that was asked was shown." in card
    assert "NO: kappa undefined: every label is 4; it is undefined" in " ".join(card.split())
    assert "1 labelled test session (" in card
    assert "4th look at them" in " ".join(card.split())
    assert "HOLDS, provisionally: on few labels." in certificate_card(certificate(is_provisional=True))
    void = Standing(judge="judy", criterion="tone", word="voided", why="a label was taken back")
    assert "NOT VALID (voided): a label was taken back" in certificate_card(certificate(), void, is_now=True)
    assert "the dataset 'data' is not under datasets/" in certificate_card(certificate(), is_now=True)


def test_hostile_names_stay_in_their_line() -> None:
    """No escape reaches a terminal, no line is wider than 80 columns."""
    evil = "x\x1b[31m\nverdict HOLDS " + "y" * 200
    card = certificate_card(
        certificate(
            judge=evil,
            criterion=evil,
            dataset="\u202eevil",
            alt_test=evil,
            probes=(evil,),
            slices={evil: found(0.5, 0.4, 0.6)},
        )
    )
    assert "\x1b" not in card
    assert "\u202e" not in card
    assert all(len(line) <= 80 for line in card.splitlines())
    assert not any(line.startswith("verdict") for line in card.splitlines())


@pytest.mark.parametrize(
    ("word", "leans", "words"),
    [
        ("valid", True, "tone: certificate valid: why"),
        (
            "expired",
            True,
            "tone: certificate expired: why; NOT TRUSTED: the figure that stands first leans on this judge",
        ),
        (
            "absent",
            False,
            "its own figures are not trusted, those corrected by labels drawn at random need no certificate",
        ),
    ],
)
def test_reports_say_whether_the_judge_may_speak(word: str, leans: bool, words: str) -> None:
    """Corrected figures need no certificate; those that take the judge's word do."""
    told = Standing.model_validate({"judge": "judy", "criterion": "tone", "word": word, "why": "why"})
    assert words in standing_words(told, leans_on_judge=leans)
