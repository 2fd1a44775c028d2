"""A judge's folder: `judge.toml` and the files beside it, read into one record and written back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from judgekit.adapters.store.files import (
    read_bytes,
    read_json,
    read_jsonl,
    read_text,
    validated,
    write_atomically,
    write_json,
    write_jsonl,
)
from judgekit.adapters.store.project import find_judge, load_project, project_root
from judgekit.adapters.store.toml import TomlFile, parse_toml, write_toml
from judgekit.errors import FileProblem, InvalidRecord
from judgekit.judging.panel import check_panel, panel_lineage
from judgekit.records.calibration import Calibration, Calibrations
from judgekit.records.judge import Demonstration, Judge, JudgeKind, Lineage, Paraphrase, Rule
from judgekit.records.record import Record

R = TypeVar("R", bound=Record)

WEIGHTS_FILE = "student.json"
"""What a student has learnt; its fingerprint is part of the judge's."""
PARAPHRASES_FILE = "paraphrases.jsonl"
"""Other words for the rubric; no part of the judge, and asked in probes alone."""
CALIBRATION_FILE = "calibration.json"
"""What takes the judge's verdicts to the experts' labels."""
ENDPOINT_DEFAULT = "default"
"""`temperature = "default"`: send none. TOML has no null, and an absent key means 0."""
_BESIDE = {
    "system": "system.j2",
    "user": "user.j2",
    "rules": "rules.jsonl",
    "demonstrations": "demonstrations.jsonl",
    "lineage": "lineage.json",
    "weights": WEIGHTS_FILE,
    "members": "members in [panel]",
    "verdicts": "path in [stored]",
    "calibrations": CALIBRATION_FILE,
}
_ALWAYS = ("format", "name", "kind")
"""Written also where they say what the default says."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BESIDE_WORDS: dict[JudgeKind, str] = {
    "prompt": "What is asked stands in system.j2 and user.j2; rules and demonstrations in the .jsonl files beside.",
    "student": f"What it has learnt stands in {WEIGHTS_FILE}, and from whose labels in lineage.json.",
    "panel": "Its members are judges of their own: their folders, from this one, or names under judges/.",
    "check": "It asks no model: a function looks at the session. `judgekit judge lint` reads its options.",
    "stored": "Its verdicts were made elsewhere.",
}
_DEFAULT_WORDS = "What is not said here has its default; `judgekit judge show` tells all of it."
_CRITERION_WORDS = "A copy of the rubric's criterion: a judge declares no scale of its own."


class JudgeFolder:
    """One judge on disk."""

    def __init__(self, path: Path | str) -> None:
        """Take the folder, which `load` wants to exist and `write` makes."""
        self.path = Path(path)

    @property
    def weights_path(self) -> Path:
        """Where a student's weights stand."""
        return self.path / WEIGHTS_FILE

    def load(self) -> Judge:
        """Return the judge with its templates, rules, demonstrations and lineage.

        Raises:
            FileProblem: The folder or a file is missing or cannot be read.
            InvalidRecord: A key or value does not fit; the message names file, line and the nearest key.
        """
        self._require()
        file = parse_toml(self.path / "judge.toml")
        _refuse_what_stands_beside(file)
        whole = {"name": self.path.resolve().name, **file.data, **self._beside()}
        judge = validated(Judge, _with_no_temperature(whole), file.place)
        if judge.kind == "student" and judge.weights is None:
            hint = "`judgekit distill` makes it"
            raise FileProblem("a student judge without its weights", where=str(self.weights_path), hint=hint)
        if judge.stored is not None:
            print_of_file = hashlib.sha256(read_bytes(self.path / judge.stored.path)).hexdigest()
            return judge.model_copy(update={"verdicts": f"sha256:{print_of_file}"})
        if judge.panel is not None:
            return with_members(judge, [JudgeFolder(folder).load() for folder in self.member_folders(judge)])
        return judge

    def member_folders(self, judge: Judge) -> list[Path]:
        """Return where the members of a panel lie, in its own order; none for other judges.

        Raises:
            FileProblem: A member is not there.
            UnknownName: Likewise; the known ones are listed.
            InvalidRecord: A member is a panel itself.
        """
        folders = []
        for name in judge.panel.members if judge.panel is not None else ():
            beside = self.path / name
            folder = beside if (beside / "judge.toml").is_file() else find_judge(name, self.path)
            if parse_toml(folder / "judge.toml").data.get("kind") == "panel":
                hint = "List its members instead"
                raise InvalidRecord(f"member {name!r} is a panel itself", where=str(self.path), hint=hint)
            folders.append(folder)
        return folders

    def paraphrases(self) -> tuple[Paraphrase, ...]:
        """Return other words for question and anchors, for `judge probe`; none where nobody wrote any.

        Raises:
            InvalidRecord: A row does not fit; the message names file and line.
        """
        return tuple(self._rows(PARAPHRASES_FILE, Paraphrase) or ())

    def write(self, judge: Judge) -> None:
        """Write the judge; files it has no use for are removed, a student's weights are left as they are.

        A new judge.toml holds what says something: what makes the judge, and what differs from the defaults.

        Raises:
            FileProblem: It could not be written.
            InvalidRecord: `api_key_env` does not look like the name of a variable.
        """
        _refuse_key(judge.api_key_env, str(self.path))
        self._write_text("system.j2", judge.system)
        self._write_text("user.j2", judge.user)
        self._write_rows("rules.jsonl", judge.rules)
        self._write_rows("demonstrations.jsonl", judge.demonstrations)
        write_json(self.path / "lineage.json", judge.lineage)
        self.write_calibrations(judge)
        every = _settings(judge)
        differing = _settings(judge, exclude_defaults=True)
        telling = {key: value for key, value in every.items() if key in _ALWAYS} | differing
        in_order = {key: telling[key] for key in every if key in telling}
        comments = {"": f"{_BESIDE_WORDS[judge.kind]}\n{_DEFAULT_WORDS}", "criterion": _CRITERION_WORDS}
        write_toml(self.path / "judge.toml", every, comments, telling=in_order)

    def write_calibrations(self, judge: Judge) -> None:
        """Write `calibration.json` alone; a judge without one has no such file.

        Raises:
            FileProblem: It could not be written.
        """
        path = self.path / CALIBRATION_FILE
        if judge.calibrations:
            write_json(path, Calibrations(calibrations=judge.calibrations))
        else:
            path.unlink(missing_ok=True)

    def _require(self) -> None:
        if not self.path.is_dir():
            what = "not a folder" if self.path.exists() else "no such folder"
            raise FileProblem(what, where=str(self.path), hint="`judgekit judge new` makes judges")
        if not (self.path / "judge.toml").is_file():
            hint = "`judgekit judge new` makes one"
            raise FileProblem("not a judge: judge.toml is missing", where=str(self.path), hint=hint)

    def _beside(self) -> dict[str, Any]:
        """Return what stands in the other files, those that exist."""
        lineage, calibration = self.path / "lineage.json", self.path / CALIBRATION_FILE
        found: dict[str, Any] = {
            "system": self._text("system.j2"),
            "user": self._text("user.j2"),
            "rules": self._rows("rules.jsonl", Rule),
            "demonstrations": self._rows("demonstrations.jsonl", Demonstration),
            "lineage": validated(Lineage, read_json(lineage), str(lineage)) if lineage.exists() else None,
            "calibrations": _calibrations(calibration) if calibration.exists() else None,
            "weights": _weights_fingerprint(self.weights_path) if self.weights_path.exists() else None,
        }
        return {key: value for key, value in found.items() if value is not None}

    def _text(self, name: str) -> str | None:
        """Return a template as it stands, without the newline that ends the file."""
        path = self.path / name
        return read_text(path).removesuffix("\n").removesuffix("\r") if path.exists() else None

    def _rows(self, name: str, kind: type[R]) -> list[R] | None:
        path = self.path / name
        if not path.exists():
            return None
        lines = read_jsonl(path)
        if lines.torn:
            raise FileProblem(lines.torn, hint="Complete or delete that line")
        return [validated(kind, row, f"{path}:{number}") for number, row in lines.rows]

    def _write_text(self, name: str, text: str) -> None:
        path = self.path / name
        if text:
            write_atomically(path, text + "\n")
        else:
            path.unlink(missing_ok=True)

    def _write_rows(self, name: str, rows: Sequence[Record]) -> None:
        path = self.path / name
        if rows:
            write_jsonl(path, rows)
        else:
            path.unlink(missing_ok=True)


def load_judge(path: Path | str) -> Judge:
    """Return a judge as it is run here: the redaction rules of `judgekit.toml` stand before its own.

    Those of the project that one works in, and of the judge's where that is another. The rules become part of what the
    judge asks, and so of its fingerprints and of the keys of its requests.

    Raises:
        FileProblem: The folder or a file is missing or cannot be read.
        InvalidRecord: A key or value does not fit; the message names file, line and the nearest key.
    """
    folder = JudgeFolder(path)
    judge = folder.load()
    if judge.panel is not None:
        return with_members(judge, [load_judge(member) for member in folder.member_folders(judge)])
    return with_project_rules(judge, folder.path)


def with_project_rules(judge: Judge, *starts: Path) -> Judge:
    """Return a judge with the redaction rules of the project that one works in, and of those of other folders.

    Raises:
        InvalidRecord: A `judgekit.toml` does not fit; the message names file and line.
    """
    if judge.kind != "prompt":
        return judge
    roots = dict.fromkeys((project_root(), *map(project_root, starts)))
    rules = [rule for root in roots for rule in load_project(root).redact]
    return judge.model_copy(update={"redact": tuple(dict.fromkeys((*rules, *judge.redact)))}) if rules else judge


def with_members(judge: Judge, members: Sequence[Judge]) -> Judge:
    """Return a panel with its members' fingerprints and the union of their lineages.

    Raises:
        InputError: A member does not fit the panel.
        UnknownName: A weight is given to nobody.
    """
    check_panel(judge, members)
    prints = {member.name: member.judge_fingerprint for member in members}
    return judge.model_copy(update={"members": prints, "lineage": panel_lineage(judge, members)})


def _settings(judge: Judge, *, exclude_defaults: bool = False) -> dict[str, Any]:
    """Return what stands in judge.toml, all of it or what differs from the defaults."""
    settings = judge.model_dump(mode="json", exclude=set(_BESIDE), exclude_defaults=exclude_defaults)
    if judge.parameters.temperature is None:
        settings["parameters"]["temperature"] = ENDPOINT_DEFAULT
    return settings


def _refuse_what_stands_beside(file: TomlFile) -> None:
    for key, name in _BESIDE.items():
        if key in file.data:
            raise InvalidRecord(f"{key!r} does not stand in judge.toml", where=file.place((key,)), hint=f"Use {name}")
    _refuse_key(file.data.get("api_key_env"), file.place(("api_key_env",)))


def _refuse_key(name: object, where: str) -> None:
    """Refuse a key in the place of a variable's name, without repeating it."""
    if isinstance(name, str) and not _VARIABLE.fullmatch(name):
        what = "api_key_env is no name of an environment variable"
        raise InvalidRecord(what, where=where, hint="Give the variable's name, never the key: OPENAI_API_KEY")


def _with_no_temperature(data: dict[str, Any]) -> dict[str, Any]:
    parameters = data.get("parameters")
    if isinstance(parameters, dict) and parameters.get("temperature") == ENDPOINT_DEFAULT:
        return {**data, "parameters": {**parameters, "temperature": None}}
    return data


def _calibrations(path: Path) -> tuple[Calibration, ...]:
    return validated(Calibrations, read_json(path), str(path)).calibrations


def _weights_fingerprint(path: Path) -> str:
    """Return the fingerprint of what the weights say, however the file is laid out."""
    from judgekit.judging.student import Student

    return validated(Student, read_json(path), str(path)).fingerprint()
