"""The words after `judgekit import` for each real data set, once: what comes in and what is measured share them.

Each function returns the arguments of one import, without `--dataset` and `-o`, which are the test's own.
"""

from __future__ import annotations

from pathlib import Path

Words = list[str]

DIMENSIONS = (
    "validating_emotions", "encouraging_elaboration", "demonstrating_understanding", "advice_giving", "self_oriented",
    "dismissing_emotions",
)  # fmt: skip
"""What Lend-an-Ear rates."""
QUESTIONS = tuple(f"Q{n}" for n in range(9))
"""What LLM-Rubric asks."""
PANDALM_JUDGES = ("gpt-3.5-turbo", "pandalm-7b")
_PREFERENCES = ("0=tie", "1=first", "2=second")
_EAR_SESSION = ("--map", "session=conversation_id")
_TAU_IDS = "{task_id}-{trial}"
_FEEDBACK = "{idx}-{response_source}"
_PROMPT = "{subset}-{id}"
_CANDIDATE = "{subset}-{id}-{full_scores#}"


def words(option: str, *names: str) -> Words:
    """Return an option repeated before each name."""
    return [word for name in names for word in (option, name)]


def pandalm_pairs(data: Path, *, by_instruction: bool = False) -> Words:
    """Two answers to each instruction; some 170 instructions make 999 pairs."""
    texts = words("--map", "id=idx", "prompt={instruction}\\n{input}", "first=response1", "second=response2")
    grouped = words("--map", "group=instruction") if by_instruction else []
    return ["pairs", str(_pandalm(data)), *texts, *grouped, "--scale", "preferred=preference"]


def pandalm_labels(data: Path) -> Words:
    """Three annotators, a column each."""
    raters = words("--rater", "one=annotator1", "two=annotator2", "three=annotator3")
    said = ["--map", "pair=idx", "--set", "criterion=preferred"]
    return ["labels", str(_pandalm(data)), *said, *raters, *words("--value", *_PREFERENCES)]


def pandalm_verdicts(data: Path, judge: str) -> Words:
    """One of `PANDALM_JUDGES`, whose unreadable replies the source calls garbage."""
    column = judge.partition("-")[0]
    values = words("--value", *_PREFERENCES)
    if column == "gpt":
        values = [*words("--value", "1=first", "2=second", "Tie=tie"), "--failure", "garbage=unparsed"]
    fields = words("--map", "pair=idx", f"value={column}_result", f"rationale={column}_reason")
    file = data / "pandalm" / f"{judge}-testset-v1.json.gz"
    return ["verdicts", str(file), *fields, *words("--set", "criterion=preferred", f"judge={judge}"), *values]


def ear_sessions(data: Path) -> Words:
    """Conversations as text with two speakers."""
    texts = words("--map", "id=conversation_id", "text=full_conversation")
    speakers = words("--speaker", "Seeker=user", "Supporter=assistant")
    return ["sessions", str(data / "lend_an_ear" / "conversations.csv.gz"), *texts, *speakers]


def ear_labels(data: Path, number: int) -> Words:
    """One of three experts, a column per dimension."""
    return [
        "labels", str(data / "lend_an_ear" / f"expert{number}_ratings.csv"), *_EAR_SESSION, *ear_columns(),
        "--set", f"rater=expert{number}", "--scale", "ordinal:1..5",
        "--group-raters", "experts=expert1,expert2,expert3:median",
    ]  # fmt: skip


def ear_verdicts(data: Path, judge: str, file: str) -> Words:
    """A model's levels, or the crowd's means, which lie between levels."""
    as_score = ["--as-score"] if judge == "crowd" else []
    said = [*_EAR_SESSION, *ear_columns(), "--set", f"judge={judge}"]
    return ["verdicts", str(data / "lend_an_ear" / file), *said, *as_score]


def ear_crowd_labels(data: Path) -> Words:
    """The crowd's means as a rater of their own, on bare sessions."""
    said = [*_EAR_SESSION, *ear_columns(), "--bare", "--set", "rater=crowd", "--scale", "numeric:1..5"]
    return ["labels", str(data / "lend_an_ear" / "crowd_ratings.csv"), *said]


def ear_columns() -> Words:
    """A column per dimension, each of its own name."""
    return words("--criterion", *(f"{name}={name}" for name in DIMENSIONS))


def rubric_sessions(data: Path) -> Words:
    """Dialogues as judgekit's own turns."""
    file = data / "llm_rubric" / "real_data.noref.json.gz"
    return ["sessions", str(file), *words("--map", "id=_id", "version=dialogue_version")]


def rubric_labels(data: Path) -> Words:
    """Annotators by row, questions by column; 0 is not applicable."""
    return [
        "labels", str(data / "llm_rubric" / "human_judges_real.tsv"),
        *words("--map", "session=text_id", "rater=annotator_id"),
        *words("--criterion", *(f"{name}={name}" for name in QUESTIONS)),
        "--not-applicable", "0", "--scale", "ordinal:1..4+na",
    ]  # fmt: skip


def rubric_verdicts(data: Path) -> Words:
    """A model's probability of each level."""
    file = data / "llm_rubric" / "gpt-3.5-turbo-16k_real_evaluations.tsv.gz"
    levels = words("--distribution", *(f"{n}=answer{n}_prob" for n in range(1, 5)))
    return ["verdicts", str(file), "--map", "session=text_id", *levels, "--set", "judge=gpt-3.5"]


def dices_crowd(file: Path) -> Words:
    """Anonymous labels, a list in each cell."""
    return ["labels", str(file), *_dices(), "--scale", "categorical:No,Yes,Unsure"]


def dices_expert(file: Path) -> Words:
    """One gold label in each list."""
    return ["labels", str(file), *_dices(), "--kind", "gold", "--set", "rater=expert"]


def dices_majorities(file: Path, rater: str) -> Words:
    """The source's own majority of each list, which it broke ties by, under a name."""
    fields = words("--map", "session=id", "value=annotations.safety.majority_human", "id=")
    said = words("--set", "criterion=safety", f"rater={rater}")
    return ["labels", str(file), "--records", "instances", *fields, *said, "--bare", "--scale", "categorical:No,Yes"]


def tau_sessions(data: Path) -> Words:
    """Trials of tasks, as messages with tool calls."""
    fields = words("--map", f"id={_TAU_IDS}", "messages=traj", "group=task_id", "input=task_id")
    return ["sessions", str(_tau(data)), *fields]


def tau_labels(data: Path) -> Words:
    """The programmatic reward, as gold."""
    return [
        "labels", str(_tau(data)), *words("--map", f"session={_TAU_IDS}", "value=reward"),
        *words("--set", "criterion=success", "rater=env"), "--kind", "gold",
        "--scale", "success=binary:fail,pass", *words("--value", "0=fail", "1=pass"),
    ]  # fmt: skip


def candidate_sessions(file: Path) -> Words:
    """Four answers to each prompt, of which only the judge's scores are there."""
    ids = words("--map", f"id={_CANDIDATE}", f"input={_PROMPT}", f"group={_PROMPT}")
    return ["sessions", str(file), "--unnest", "full_scores", *ids, "--bare", "--drop-rest"]


def candidate_labels(file: Path) -> Words:
    """The first of each four is right."""
    said = [*words("--map", f"session={_CANDIDATE}", "value=full_scores#", "id="), "--set", "criterion=right"]
    meaning = words("--value", "0=pass", "1=fail", "2=fail", "3=fail")
    return [
        "labels", str(file), "--unnest", "full_scores", *said, *meaning,
        "--set", "rater=authors", "--kind", "gold", "--scale", "right=binary:fail,pass",
    ]  # fmt: skip


def candidate_verdicts(file: Path) -> Words:
    """Eight scores of each answer, null where the content filter refused."""
    said = [*words("--map", f"session={_CANDIDATE}", "value=full_scores", "id="), "--set", "criterion=right"]
    return [
        "verdicts", str(file), "--unnest", "full_scores", "--each", "--as-score", "--failure", "null=refused",
        *said, "--set", "judge=scorer",
    ]  # fmt: skip


def feedback_sessions(data: Path) -> Words:
    """The whole prompts that a judge was asked about; four models answered each question."""
    fields = words("--map", f"id={_FEEDBACK}", "text=instruction", "input=idx", "version=response_source")
    return ["sessions", str(_feedback(data)), *fields, "--drop-rest"]


def feedback_verdicts(data: Path) -> Words:
    """Three scores of each answer, with three texts beside them."""
    lists = words("--unnest", "gpt4_score", "gpt4_feedback")
    said = words("--map", f"session={_FEEDBACK}", "value=gpt4_score", "rationale=gpt4_feedback", "sample=gpt4_score#")
    named = words("--set", "criterion=quality", "judge=gpt-4")
    return ["verdicts", str(_feedback(data)), *lists, *said, *named, "--scale", "quality=ordinal:1..5"]


def review_sessions(data: Path) -> Words:
    """Reviews without ids, numbered."""
    fields = words("--map", "id=review-{#}", "text=Generated review")
    return ["sessions", str(_reviews(data)), *fields, "--drop-rest"]


def review_labels(data: Path) -> Words:
    """One expert's label and comment on each."""
    said = [*words("--map", "session=review-{#}", "rationale=Expert comment"), "--set", "rater=expert"]
    return ["labels", str(_reviews(data)), *said, "--criterion", "quality=Expert label", "--scale", "binary:bad,good"]


def _pandalm(data: Path) -> Path:
    return data / "pandalm" / "testset-v1.json.gz"


def _dices() -> Words:
    fields = words("--map", "session=id", "value=annotations.safety.individual_human_scores", "id=")
    return ["--records", "instances", *fields, "--set", "criterion=safety", "--each", "--bare"]


def _feedback(data: Path) -> Path:
    return data / "prometheus_vicuna" / "vicuna_eval.json.gz"


def _tau(data: Path) -> Path:
    return data / "tau_bench_airline" / "gpt-4o-airline.json.gz"


def _reviews(data: Path) -> Path:
    return data / "code_review" / "code_review.csv"
