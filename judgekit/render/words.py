"""Names in words: metrics, who is held against whom, how intervals were made, causes of dropping."""

from __future__ import annotations

from collections.abc import Mapping

from judgekit.render.number import count_text

BETWEEN_WORDS = {
    "raters": "all raters together",
    "judge~reference": "judge vs reference",
    "rater~others": "a rater vs the others (human ceiling)",
    "judge~others": "judge vs the same others",
}
CONSTANT_ANSWERS = ("majority", "median", "mean", "constant")
"""Left sides of `...~reference` that always give one answer: the baseline a judge must beat."""
METHOD_WORDS = {
    "bca": "BCa bootstrap",
    "percentile": "percentile bootstrap",
    "wilson": "Wilson",
    "wilson_effective": "Wilson with the effective sample size",
    "clopper_pearson": "Clopper-Pearson",
    "fisher_z": "Fisher z",
    "delong": "DeLong",
    "jackknife": "jackknife",
    "jackknife_t": "jackknife with Student t",
    "jackknife_t_of_the_logarithm": "jackknife of the logarithm with Student t",
    "f": "F",
    "two_way_percentile": "percentile bootstrap of sessions and raters",
    "newcombe": "Newcombe",
    "newcombe_paired": "Newcombe, paired",
    "tango": "Tango",
    "welch_t": "Welch t",
    "weighted_t": "Student t, weighted",
    "skewed_t": "Student t corrected for skewness",
    "weighted_skewed_t": "Student t corrected for skewness, weighted",
    "fieller": "Fieller",
    "t": "Student t",
    "cluster_t": "cluster-robust Student t",
    "post_stratified_wilson": "smoothed post-stratification, Wilson",
    "post_stratified_t": "smoothed post-stratification, Student t",
    "ppi++_wilson": "PPI++, Wilson",
    "ppi++_t": "PPI++, Student t",
    "ppi++_skewed_t": "PPI++, Student t corrected for skewness",
    "stratified_ppi++_wilson": "stratified PPI++, Wilson",
    "stratified_ppi++_t": "stratified PPI++, Student t",
    "lang_reiczigel": "Lang-Reiczigel",
}
STATUS_WORDS = {"not_applicable": "not applicable", "cannot_judge": "can't judge"}


def between_words(between: str, judge: str | None = None) -> str:
    """Return who is held against whom; a named judge stands under its name.

    Example:
        >>> between_words("judge~ana", "resolution-judge via replay"), between_words("judge~reference")
        ('resolution-judge via replay vs ana', 'judge vs reference')
    """
    if between in BETWEEN_WORDS:
        return BETWEEN_WORDS[between]
    if is_baseline(between):
        return f"baseline vs reference ({baseline_words(between)})"
    left, mark, right = between.partition("~")
    if judge and left == "judge":
        left = judge
    return f"{left} vs {right}" if mark else left


def is_baseline(between: str) -> bool:
    """Whether the left side always gives one answer."""
    left, _, right = between.partition("~")
    return right == "reference" and left in CONSTANT_ANSWERS


def is_rival(between: str) -> bool:
    """Whether another judge, such as a student, is held against the reference.

    Example:
        >>> is_rival("student~reference"), is_rival("judge~reference"), is_rival("majority~reference")
        (True, False, False)
    """
    left, _, right = between.partition("~")
    return right == "reference" and left != "judge" and not is_baseline(between)


def baseline_words(between: str) -> str:
    """Return what the baseline answers.

    Example:
        >>> baseline_words("majority~reference")
        'always the most frequent answer'
    """
    answer = between.partition("~")[0]
    return f"always the {'most frequent answer' if answer == 'majority' else answer}"


def difference_words(between: str) -> str:
    """Return which version was taken from which; one version stands alone.

    Example:
        >>> difference_words("v8~v7"), difference_words("v8")
        ('v8 minus v7', 'v8')
    """
    return " minus ".join(part for part in between.split("~", 1) if part)


def judge_words(judge: str | None, engine: str | None) -> str:
    """Return `resolution-judge via replay`."""
    return f"{judge or 'judge'} via {engine}" if engine else judge or "judge"


def method_words(method: str) -> str:
    """Return how an interval was made, in words where they are known."""
    name, comma, rest = method.partition(",")
    known = name.replace("-", "_").replace(" ", "_")
    return METHOD_WORDS.get(known, name.replace("_", " ")) + comma + rest


def answer_words(answer: str) -> str:
    """Return a level as it is written, or the words of an answer that is none."""
    return STATUS_WORDS.get(answer, answer)


def cause_words(cause: str) -> str:
    """Return a status or cause of dropping in words."""
    return STATUS_WORDS.get(cause, cause.replace("_", " "))


def causes_text(causes: Mapping[str, int]) -> str:
    """Return `refused 2, unparsed 3`, in a fixed order; `none` where nothing was.

    Example:
        >>> causes_text({"unparsed": 3, "refused": 0, "engine_error": 1})
        'engine error 1, unparsed 3'
    """
    found = [f"{cause_words(cause)} {count_text(n)}" for cause, n in sorted(causes.items()) if n]
    return ", ".join(found) or "none"
