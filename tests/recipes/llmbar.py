"""LLMBar on the command line: its subsets as datasets, its authors' judges as folders, their figures as numbers.

A judge that compares is a judge of pairs; one that rates a single output is a judge of sessions on a criterion of its
own, `rating`, whose ratings `judgekit score --pairs better` turns into preferences.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.recipes.recipe import Words, words

SUBSETS = ("adversarial_manual", "natural")
NAMES = {"{input}": "input_text", "{output_1}": "first_text", "{output_2}": "second_text", "{output}": "output_text"}
"""Their names in templates -> ours."""
RATING = 'scale = { type = "numeric", min = 0, max = 10 }'
"""The prompt asks for 0 to 9; one reply of 368 says 10, which the authors took."""


@dataclass(frozen=True)
class Figures:
    """What the authors' `statistics.json` says, as shares."""

    average: float
    both: float
    equal: float


def figures(data: Path, subset: str, judge: str) -> Figures:
    """Return the figures stored beside a judge's completions."""
    file = data / "llmbar" / subset / f"{judge}.statistics.json"
    said = json.loads(file.read_text(encoding="utf-8"))
    n_right = sum(_share(said[key])[0] for key in ("correct_False", "correct_True"))
    n_shown = sum(_share(said[key])[1] for key in ("correct_False", "correct_True"))
    both, equal = (_share(said[key]) for key in ("correct_both", "equal"))
    return Figures(n_right / n_shown, both[0] / both[1], equal[0] / equal[1])


def judges(data: Path) -> list[tuple[str, str]]:
    """Return subset and name of every judge that answers in one round, which is what can be served again."""
    found = (
        (subset, file.name.removesuffix(".result.json.gz"))
        for subset in SUBSETS
        for file in sorted((data / "llmbar" / subset).glob("*.result.json.gz"))
    )
    return [(subset, name) for subset, name in found if not re.search("Metrics|Reference|Swap", name)]


def n_unreadable(data: Path, subset: str, judge: str) -> tuple[int, int]:
    """Return how many of a comparing judge's stored replies name no winner, and on how many pairs neither does."""
    with gzip.open(data / "llmbar" / subset / f"{judge}.result.json.gz", "rt", encoding="utf-8") as file:
        rows = json.load(file)
    by_pair = [sum(row["results"][-1][f"swap = {swap}"]["winner"] is None for swap in (False, True)) for row in rows]
    return sum(by_pair), by_pair.count(2)


def pairs(data: Path, subset: str) -> Words:
    """An instruction and two outputs each."""
    texts = words("--map", "id=item-{#}", "prompt=input", "first=output_1", "second=output_2")
    return ["pairs", str(_items(data, subset)), *texts, "--scale", "better=preference", "--drop-rest"]


def labels(data: Path, subset: str) -> Words:
    """Which output is objectively better."""
    said = [*words("--map", "pair=item-{#}", "value=label"), *words("--set", "criterion=better", "rater=authors")]
    return ["labels", str(_items(data, subset)), *said, "--kind", "gold", *words("--value", "1=first", "2=second")]


def write_judge(folder: Path, data: Path, subset: str, judge: str) -> None:
    """Write one of the authors' judges: their template, their table of patterns, their rule that the first row wins."""
    config = json.loads((data / "llmbar" / "config" / f"{judge}.json").read_text(encoding="utf-8"))[0]
    template = (data / "llmbar" / "prompts" / config["prompt"]).read_text(encoding="utf-8")
    system, user = (
        part.split("\n", 1)[1].split("<|im_end|>")[0].strip() for part in template.split("<|im_start|>")[1:3]
    )
    for theirs, ours in NAMES.items():
        user = user.replace(theirs, "{{ " + ours + " }}")
    folder.mkdir(parents=True)
    (folder / "system.j2").write_text(system + "\n", encoding="utf-8")
    (folder / "user.j2").write_text(user + "\n", encoding="utf-8")
    about = f'name = "{judge}"\nmodel = "openai/llmbar/{subset}/{judge}"\n'
    asked = _rates() if is_rating(judge) else _compares(config["parsing"])
    (folder / "judge.toml").write_text(about + asked, encoding="utf-8")


def is_rating(judge: str) -> bool:
    """Whether a judge sees one output at a time."""
    return "Rating" in judge


def _compares(parsing: dict[str, str]) -> str:
    return f"""target = "pair"
orders = "both"
[criterion]
id = "better"
question = "Which output is better?"
scale = {{ type = "preference" }}
[reading]
method = "regex"
wins = "first_pattern"
retries = 0
[[reading.patterns]]
match = '{parsing["1"]}'
value = "first"
[[reading.patterns]]
match = '{parsing["2"]}'
value = "second"
"""


def _rates() -> str:
    return f"""[criterion]
id = "rating"
question = "How good is the output?"
{RATING}
direction = "higher"
[reading]
method = "regex"
wins = "first_pattern"
retries = 0
[[reading.patterns]]
match = '^(\\d+)'
"""


def _share(words_of_one: str) -> tuple[int, int]:
    """Return 94 and 100 of "94 / 100 = 94.0%"."""
    n, _, total = words_of_one.split(" = ", maxsplit=1)[0].partition(" / ")
    return int(n), int(total)


def _items(data: Path, subset: str) -> Path:
    return data / "llmbar" / subset / "dataset.json.gz"
