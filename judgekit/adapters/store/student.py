"""A student's weights file, `student.json` in its judge's folder: plain JSON that can be read, never code.

JSON keeps every digit, so a student loaded gives exactly the numbers of the student written.
"""

from __future__ import annotations

import json
from pathlib import Path

from judgekit.adapters.store.files import read_json, validated, write_atomically
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.errors import InputError
from judgekit.judging.student import Student
from judgekit.records.judge import Judge


def load_student(path: Path | str) -> Student:
    """Return the weights that a file holds.

    Raises:
        FileProblem: It is missing or cannot be read.
        InvalidRecord: It is no student, of a newer format, or its shapes do not fit together.
    """
    return validated(Student, read_json(Path(path)), str(path))


def write_student(path: Path | str, student: Student) -> None:
    """Write weights, atomically; one line per model, so that a change of one is seen as one.

    Raises:
        FileProblem: It could not be written.
    """
    whole = student.model_dump(mode="json")
    full, folds = whole.pop("full"), whole.pop("folds")
    head = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in whole.items())
    models = ",\n".join(json.dumps(fold, allow_nan=False) for fold in folds)
    text = f'{{\n{head}"full": {json.dumps(full, allow_nan=False)},\n"folds": [\n{models}\n]\n}}\n'
    write_atomically(Path(path), text)


def load_student_judge(folder: JudgeFolder) -> tuple[Judge, Student]:
    """Return a student judge and its weights.

    Raises:
        FileProblem: A file is missing or cannot be read.
        InvalidRecord: Something in it does not fit.
        InputError: It is a judge of another kind.
    """
    judge = folder.load()
    if judge.kind != "student":
        raise InputError(f"a {judge.kind} judge has no weights", where=str(folder.path), hint="Name a student judge")
    return judge, load_student(folder.weights_path)


def write_student_judge(folder: JudgeFolder, judge: Judge, student: Student) -> None:
    """Write a student judge; weights first, so that no judge ever stands there without its own.

    Raises:
        FileProblem: It could not be written.
    """
    write_student(folder.weights_path, student)
    folder.write(judge)
