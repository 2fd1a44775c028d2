"""A dataset's folder is read whole and checked, or refused with file and line."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.ledger import Ledger
from judgekit.errors import FileProblem, InputError, InvalidRecord, LeakError, TamperedLedger, UnknownName
from judgekit.records.dataset import DatasetCard, SplitManifest
from judgekit.records.label import Adjudication, Label, Retraction
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Pair, Session, ToolCall, Turn

NOW = datetime(2026, 10, 2, tzinfo=UTC)
RUBRIC = Rubric(
    name="r",
    criteria=(
        Criterion(id="solved", question="?", scale=Scale(type="ordinal", levels=(1, 2, 3)), not_applicable=True),
        Criterion(id="polite", question="?", scale=Scale(type="binary", levels=("no", "yes"))),
        Criterion(id="better", question="?", scale=Scale(type="preference")),
    ),
)
BIG = "12345678901234567891"


def session(name, text="hello", **fields):
    call = ToolCall(name="look", arguments={"a": None}, result=[1, None])
    turns = (Turn(id="t1", role="user", text=text), Turn(id="t2", role="assistant", tool_calls=(call,)))
    return Session(id=name, turns=turns, **fields)


def label(**fields):
    return Label(**{"id": "l-1", "session": BIG, "criterion": "solved", "value": 2, "rater": "ana", **fields})


@pytest.fixture
def folder(tmp_path):
    """Give a dataset of two sessions and a pair."""
    made = DatasetFolder(tmp_path / "helpdesk")
    made.create(DatasetCard(name="helpdesk"), RUBRIC)
    made.write_sessions([session(BIG, tags=("x",), metadata={"k": None}), session("s2", "other")])
    made.write_pairs([Pair(id="p", first=BIG, second="s2")])
    return made


def put(folder, *events):
    """Write events past the check that `append` makes, as another tool might."""
    Ledger(folder.path / "ledger").append(events, writer="ana", now=NOW)


def test_what_is_written_is_read_back(folder):
    """Sessions, pairs, labels and splits come back as they were, values as the scale writes them."""
    folder.append([label(value="3 "), label(id="l-2", session=None, pair="p", criterion="better", value="Tie")], NOW)
    folder.write_splits(SplitManifest(seed=1, fractions={"train": 1}, units={f"session:{BIG}": "train"}))
    data = folder.load()
    assert data.sessions == (session(BIG, tags=("x",), metadata={"k": None}), session("s2", "other"))
    assert [one.value for one in data.labels] == [3, "tie"]
    assert data.split_of(BIG) == "train"
    assert data.notes == ()


def test_a_folder_that_is_no_dataset_says_what_is_missing(tmp_path, folder):
    """Missing folders and files are named, with the command that makes a dataset."""
    with pytest.raises(FileProblem, match="no such folder"):
        DatasetFolder(tmp_path / "none").load()
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileProblem, match=r"dataset\.toml and rubric\.toml missing.*judgekit import"):
        DatasetFolder(tmp_path / "empty").load()
    with pytest.raises(InputError, match="a dataset already"):
        folder.create(DatasetCard(name="again"), RUBRIC)


def test_an_id_that_occurs_twice_names_both_lines(folder):
    """Both places of a repeated id stand in the message."""
    path = folder.path / "sessions.jsonl"
    path.write_text(path.read_text() + '{"id":"s2"}\n')
    with pytest.raises(InvalidRecord, match=r"sessions\.jsonl:3: session id 's2' stands at .*sessions\.jsonl:2"):
        folder.load()


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"session": "s3"}, UnknownName, "unknown session 's3'. Did you mean 's2'?"),
        ({"criterion": "solvd"}, UnknownName, "unknown criterion 'solvd'. Did you mean 'solved'?"),
        ({"turn": "t9"}, UnknownName, "unknown turn 't9'"),
        ({"session": None, "pair": "q"}, UnknownName, "unknown pair 'q'"),
        ({"value": 4}, InvalidRecord, "criterion 'solved': 4 is not on the ordinal scale (1, 2, 3)"),
        ({"criterion": "polite", "value": None, "status": "not_applicable"}, InvalidRecord, "does not allow not_app"),
    ],
)
def test_a_label_that_does_not_fit_names_its_line(folder, fields, kind, words):
    """Labels off their scale or pointing nowhere are refused, on writing by id and on reading by file and line."""
    with pytest.raises(kind) as refused:
        folder.append([label(id="good"), label(**fields)], NOW, "ana")
    assert "label 'l-1'" in str(refused.value)
    assert not folder.ledger.files()
    put(folder, label(id="good"), label(occasion=2, **fields))
    with pytest.raises(kind) as caught:
        folder.load()
    assert f"{folder.path}/ledger/ana.jsonl:2: " in str(caught.value)
    assert words in str(caught.value)


def test_a_label_that_was_taken_back_blocks_nothing(folder):
    """A wrong label is repaired by retracting it."""
    put(folder, label(value=9), Retraction(id="r", label="l-1", by="lead", reason="off the scale"))
    assert folder.load().labels == ()
    put(folder, Adjudication(id="j", session=BIG, criterion="solved", value="2", by="lead"))
    assert folder.load().adjudications[0].value == 2


def test_a_pair_of_unknown_sessions_names_its_line(folder):
    """A pair must point at sessions that are there."""
    folder.write_pairs([Pair(id="p", first=BIG, second="s4")])
    with pytest.raises(UnknownName, match=r"pairs\.jsonl:1: pair 'p': unknown session 's4'"):
        folder.load()


def test_torn_lines_become_notes(folder):
    """What a crash cut off is said, and the rest is there."""
    path = folder.path / "sessions.jsonl"
    path.write_bytes(path.read_bytes() + b'{"id":"s3","tur')
    assert [one.id for one in folder.load().sessions] == [BIG, "s2"]
    assert "sessions.jsonl:3: the last line is cut off" in folder.load().notes[0]


def test_a_touched_ledger_is_refused(folder):
    """A dataset whose ledger was edited does not load."""
    put(folder, label())
    path = folder.path / "ledger" / "ana.jsonl"
    path.write_text(path.read_text().replace('"value":2', '"value":1'))
    with pytest.raises(TamperedLedger, match=r"ana\.jsonl:1"):
        folder.load()


@pytest.mark.parametrize("name", ["sessions.jsonl.gz", "sessions.parquet"])
def test_sessions_may_be_packed(folder, name):
    """The packed forms hold the same sessions, and stay what they are when rewritten."""
    before = folder.load().sessions
    plain = folder.path / "sessions.jsonl"
    packed = folder.path / name
    packed.touch()
    with pytest.raises(InputError, match="Remove all but one"):
        folder.load()
    plain.unlink()
    packed.unlink()
    if name.endswith(".gz"):
        import gzip

        packed.write_bytes(gzip.compress(b""))
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"id": ["a"], "turns": ["[]"]}), packed)
    folder.write_sessions(before)
    assert packed.exists()
    assert not plain.exists()
    assert folder.load().sessions == before


def test_a_parquet_file_of_another_tool_is_read(folder):
    """Nested columns, whole-number ids and nulls are read; what is no Parquet is refused."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder.path / "sessions.jsonl").unlink()
    (folder.path / "pairs.jsonl").unlink()
    turns = [{"id": "1", "role": "user", "text": "hi", "tool_calls": None}]
    rows = [{"id": 9007199254740993, "turns": turns, "version": None}, {"id": 2, "turns": [], "version": "v1"}]
    pq.write_table(pa.Table.from_pylist(rows), folder.path / "sessions.parquet")
    assert [one.id for one in folder.load().sessions] == ["9007199254740993", "2"]
    (folder.path / "sessions.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(FileProblem, match="not readable as Parquet"):
        folder.load()


def test_without_pyarrow_the_extra_is_named(folder, monkeypatch):
    """Where pyarrow is not installed, the message names what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (folder.path / "sessions.jsonl").rename(folder.path / "sessions.parquet")
    with pytest.raises(InputError, match=r"judgekit-eval\[parquet\]"):
        folder.load()


def test_content_that_a_label_refers_to_is_kept(folder):
    """When a session's text changes, what its rater saw stays in seen/; what nobody saw does not."""
    old = session("s2", "other")
    folder.append([label(session="s2", seen=old.seen_fingerprint)], NOW)
    folder.write_sessions([session(BIG, "changed"), session("s2", "redacted")])
    kept = folder.seen(old.seen_fingerprint)
    assert [turn.text for turn in kept] == ["other", ""]
    assert len(list((folder.path / "seen").iterdir())) == 1
    again = Session(id="x", turns=kept)
    assert again.seen_fingerprint == old.seen_fingerprint
    assert folder.seen("sha256:../../dataset.toml") is None


def test_a_unit_never_moves_between_splits(folder):
    """The manifest may grow; a unit that would move or vanish is refused."""
    manifest = SplitManifest(seed=1, fractions={"train": 1}, units={"a": "train", "b": "test"})
    folder.write_splits(manifest)
    folder.write_splits(manifest.model_copy(update={"units": {"c": "dev", **manifest.units}}))
    assert list(json.loads((folder.path / "splits.json").read_text())["units"]) == ["a", "b", "c"]
    for units in ({"a": "test", "b": "test", "c": "dev"}, {"a": "train", "c": "dev"}):
        with pytest.raises(LeakError, match=r"unit '.' is in t"):
            folder.write_splits(manifest.model_copy(update={"units": units}))


def test_an_older_format_loads_and_a_newer_key_is_named(folder):
    """A card without the later keys loads; an unknown one is refused with its line."""
    card = folder.path / "dataset.toml"
    card.write_text('name = "helpdesk"\n')
    assert folder.load().card.format == 1
    card.write_text('name = "helpdesk"\nlicense = "CC"\n')
    with pytest.raises(InvalidRecord, match=r"dataset\.toml:2: license: unknown key 'license'. Did you mean 'licence'"):
        folder.load()
