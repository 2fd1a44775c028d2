"""A gate in words: what each rule asks, why it says what it says, and the sentence over all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from judgekit.analysis.gate_reading import LABEL_FREE, Asked
from judgekit.analysis.gate_rule import WORST_FIRST, Case, Line
from judgekit.analysis.win_rate import EVEN
from judgekit.records.gate import GateWord, RuleOutcome
from judgekit.records.policy import Better, Ceiling, Floor, NotWorse
from judgekit.stats.estimate import Estimate, undefined

NO_ERROR_RATE = "Label-free results claim no type-I error"
_N_NAMED = 3
_QUANTITIES = {"cost_usd": ("cost", "${}"), "latency_s": ("latency", "{} s")}
"""Quantity -> its name, and how a number of it is written."""
_STATISTICS = {"mean": "mean", "p50": "median", "p95": "95th percentile"}


def asks_words(case: Case, versions: tuple[str, str], line: Line) -> str:
    """Return a rule in one sentence, without its end.

    Args:
        case: The rule, and its slice.
        versions: (baseline, candidate).
        line: Says which side is good.
    """
    baseline, candidate = versions
    rule, where = case.rule, f" where {case.slice}" if case.slice else ""
    if isinstance(rule, Ceiling):
        name, form = _QUANTITIES[rule.quantity]
        return (
            f"{candidate}'s {_STATISTICS[rule.statistic]} {name} is at most {form.format(number(rule.at_most))}{where}"
        )
    if line.even:
        where += " (win rate, ties half)"
    if rule.of == "judge":
        where += ", in the judge's own view"
    if isinstance(rule, Floor):
        side = "at least" if line.good == "higher" else "at most"
        return f"{candidate}'s {rule.criterion} is {side} {number(rule.at_least)}{where}"
    if isinstance(rule, NotWorse):
        return f"{candidate} is not worse than {baseline} on {rule.criterion} by more than {number(rule.margin)}{where}"
    more = f" by more than {number(rule.by)}" if rule.by else ""
    return f"{candidate} is better than {baseline} on {rule.criterion}{more}{where}"


def figure_words(case: Case, line: Line, estimate: Estimate) -> str:
    """Return an estimate and its bounds as text.

    Example:
        >>> rule = NotWorse(criterion="policy", margin=0.05)
        >>> line = Line(-0.05, "higher")
        >>> figure_words(Case(1, rule), line, Estimate(-0.12, -0.18, -0.06, 0.9, 200, 200, "tango"))
        '-0.12 [-0.18, -0.06]'
    """
    form = _form(case, line)
    if estimate.value is None:
        return "not given"
    if estimate.low is None or estimate.high is None:
        return f"{form(estimate.value)}, without an interval"
    return f"{form(estimate.value)} [{form(estimate.low)}, {form(estimate.high)}]"


def bounds_words(case: Case, estimate: Estimate, line: Line, place: str) -> str:
    """Say where an estimate lies with regard to its line."""
    good, bad = ("above", "below") if line.good == "higher" else ("below", "above")
    where = {"good": f"lies {good}", "bad": f"lies {bad}", "across": "lies across"}[place]
    form = _form(case, line)
    return f"{figure_words(case, line, estimate)} {where} {form(line.at)} (n={estimate.n})"


def holm_words(n_rules: int) -> str:
    """Say that a rule lies on the bad side, but not by enough for one of so many."""
    return f"it does so at its own level, but not after Holm over {n_rules} rules"


def failure_words(asked: Sequence[Asked], max_rate: float) -> str:
    """Say on which sides too many outcomes are failures."""
    told = [
        f"{each.n_failed} of {each.n} outcomes on {each.side} are failures ({_causes(each)}; {each.rate:.0%})"
        for each in asked
        if each.rate > max_rate
    ]
    return f"{', and '.join(told)}: at most {max_rate:.0%} may be"


def worst_case_words(case: Case, line: Line, n_failed: int, worst: Estimate, best: Estimate) -> str:
    """Say what the estimate would be were all failures against the candidate, and were all for it."""
    ends = [figure_words(case, line, each) for each in (worst, best)]
    return f"were all {n_failed} failures against the candidate it would be {ends[0]}, were all for it {ends[1]}"


def overall_words(word: GateWord, outcomes: Sequence[tuple[Case, RuleOutcome]], versions: tuple[str, str]) -> str:
    """Return the sentence over all rules."""
    worst = next(each for each in WORST_FIRST if any(one.word == each for _, one in outcomes))
    deciding = [(case, one) for case, one in outcomes if one.word == worst]
    if worst == "pass":
        n = len(outcomes)
        return f"The gate passes: {'its rule holds' if n == 1 else f'all {n} rules hold'}{_no_rate(outcomes)}."
    if worst == "inconclusive" and word != "inconclusive":
        turned = {"pass": "passes", "fail": "fails"}[word]
        named = _named(deciding)
        return f"The gate {turned} though not decided, as its policy has it (inconclusive = {word!r}): {named}."
    if worst == "fail":
        told = [_fail_words(case, one, versions) for case, one in deciding[:_N_NAMED]]
        return f"The gate fails: {'; '.join(told)}{_more(deciding)}."
    begin = {
        "missing": "The gate cannot be decided, something is missing",
        "untrusted": "The gate is not decided, its judge is not trusted",
        "incomplete": "The gate is not decided, too many outcomes are failures",
        "inconclusive": "The gate is not decided yet",
    }[worst]
    return f"{begin}: {_named(deciding)}."


def outcome_words(outcome: RuleOutcome) -> str:
    """Return one rule's line of the summary."""
    return f"{outcome.word}: {outcome.asks}: {outcome.why}."


def _form(case: Case, line: Line) -> Callable[[float], str]:
    """Return how numbers of a rule are written: differences with their sign, means and win rates without."""
    return number if isinstance(case.rule, Floor | Ceiling) or line.even else signed


def number(value: float) -> str:
    """Return a number in three digits, as words want it."""
    return f"{value:.3g}"


def signed(value: float) -> str:
    """Return a difference in three digits, with its sign."""
    return f"{value:+.3g}" if value else "0"


def _fail_words(case: Case, outcome: RuleOutcome, versions: tuple[str, str]) -> str:
    """Say by how much a rule is missed: `v2 is worse than v1 on policy by 0.12 ([-0.18, -0.06], margin 0.05)`."""
    estimate, rule = outcome.estimate or undefined("no_data", outcome.why), case.rule
    line = Line(outcome.line, "higher", even=EVEN if outcome.metric == "win_rate" else 0.0)
    said, where = figure_words(case, line, estimate), f" where {case.slice}" if case.slice else ""
    ends = said.partition(" ")[2]
    baseline, candidate = versions
    if line.even:
        short = "is worse" if isinstance(rule, NotWorse) else "is not better"
        told = f"its win rate is {said}, and has to lie above {number(line.at)}"
        return f"{candidate} {short} than {baseline} on {rule.criterion}{where}: {told}"  # type: ignore[union-attr]  # no ceiling wins
    if isinstance(rule, NotWorse):
        by = number(abs(estimate.value or 0.0))
        return (
            f"{candidate} is worse than {baseline} on {rule.criterion}{where} by {by} ({ends}, margin {rule.margin:g})"
        )
    if isinstance(rule, Better):
        wanted = f"by more than {rule.by:g}" if rule.by else "at all"
        return f"{candidate} is not better than {baseline} on {rule.criterion}{where} {wanted} ({said})"
    return f"not so that {outcome.asks}: it is {said}"


def _named(deciding: Sequence[tuple[Case, RuleOutcome]]) -> str:
    told = dict.fromkeys(f"{one.asks}? {one.why}" for _, one in deciding[:_N_NAMED])
    return "; ".join(told) + _more(deciding)


def _more(deciding: Sequence[tuple[Case, RuleOutcome]]) -> str:
    n = len(deciding) - _N_NAMED
    return f"; and {n} more" if n > 0 else ""


def _no_rate(outcomes: Sequence[tuple[Case, RuleOutcome]]) -> str:
    is_free = any(one.estimator == LABEL_FREE for _, one in outcomes)
    return f", partly without labels on the candidate. {NO_ERROR_RATE}" if is_free else ""


def _causes(asked: Asked) -> str:
    return ", ".join(f"{n} {cause.replace('_', ' ')}" for cause, n in asked.failures.items())
