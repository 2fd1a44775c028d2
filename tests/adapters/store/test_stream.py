"""Sessions taken from a file one by one: all checked first, none held."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest

from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.files import write_jsonl
from judgekit.adapters.store.parquet import write_parquet
from judgekit.adapters.store.stream import SessionFile, dataset_sessions
from judgekit.errors import FileProblem, InputError, InvalidRecord
from judgekit.records.dataset import DatasetCard, SplitManifest
from judgekit.records.rubric import Criterion, Rubric, Scale
from judgekit.records.session import Session, ToolCall, Turn

QUALITY = Criterion(id="quality", question="How good?", scale=Scale(type="binary", levels=("bad", "good")))


def session(name, **fields):
    call = ToolCall(name="look", arguments={"place": [1, None, "x"]}, result={"found": True})
    turns = (Turn(id="1", role="user", text="Where ü?"), Turn(id="2", role="assistant", tool_calls=(call,)))
    return Session(id=name, turns=turns, metadata={"n": 1.5}, **fields)


@pytest.mark.parametrize("name", ["s.jsonl", "s.jsonl.gz", "s.parquet"])
def test_sessions_come_as_often_as_they_are_taken(tmp_path, name):
    """Every form of file gives the same sessions, twice, and knows how many."""
    path = tmp_path / name
    sessions = [session(f"s{n}", trial=n) for n in range(5)]
    (write_parquet if name.endswith("parquet") else write_jsonl)(path, sessions)
    stream = SessionFile(path)
    assert len(stream) == 5
    assert list(stream) == list(stream) == sessions
    assert [each.id for each in SessionFile(path, limit=2)] == ["s0", "s1"]
    odd = SessionFile(path, wanted=lambda each: (each.trial or 0) % 2 == 1)
    assert (len(odd), [each.id for each in odd]) == (2, ["s1", "s3"])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"id":"a"}', '{"id":"b","trial":"x"}'], r"s\.jsonl:2: trial: .*'?x"),
        (['{"id":"a"}', "", '{"id":1}', '{"id":"1"}'], r"s\.jsonl:4: id '1' occurs twice, first in line 3"),
        (['{"id":"a"}', "[1]"], r"s\.jsonl:2: not a JSON object"),
        (['{"id":"a","cost_usd":NaN}'], r"s\.jsonl:1: NaN is not JSON"),
        (['{"id":"a","id":"b"}'], r"s\.jsonl:1: key 'id' stands twice"),
    ],
)
def test_a_bad_line_is_refused_before_anything_is_taken(tmp_path, lines, message):
    """Whatever does not fit, and an id that comes again, is named by file and line."""
    path = tmp_path / "s.jsonl"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InvalidRecord, match=message):
        SessionFile(path)


def test_a_torn_last_line_is_set_aside_and_said(tmp_path):
    """What a copy cut off is no session, with or without a byte order mark before the first."""
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id":"a"}\n{"id":"b"}\n{"id":"c","tu')
    stream = SessionFile(path)
    assert [each.id for each in stream] == ["a", "b"]
    assert "s.jsonl:3: the last line is cut off" in stream.notes[0]


def test_files_that_cannot_be_read_are_one_line(tmp_path):
    """A missing file, a damaged one, and one that changes between the check and the run."""
    with pytest.raises(FileProblem, match="no such file"):
        SessionFile(tmp_path / "none.jsonl")
    packed = tmp_path / "s.jsonl.gz"
    packed.write_bytes(gzip.compress(b'{"id":"a"}\n')[:-9])
    with pytest.raises(FileProblem, match="damaged or cut off"):
        SessionFile(packed)
    path = tmp_path / "s.jsonl"
    path.write_text('{"id":"a"}\n')
    stream = SessionFile(path)
    path.write_text('{"id":"a"}\n{"id":"b"}\n')
    with pytest.raises(FileProblem, match="changed after it was checked"):
        list(stream)


def test_a_split_of_a_dataset_is_taken_without_the_rest(tmp_path):
    """Units decide, as in the dataset itself; splits that are not there are refused."""
    folder = DatasetFolder(tmp_path / "d")
    folder.create(DatasetCard(name="d"), Rubric(name="r", criteria=(QUALITY,)))
    with pytest.raises(FileProblem, match="no sessions"):
        dataset_sessions(folder)
    folder.write_sessions([session("a", group="g1"), session("b", input="i"), session("c", group="g1"), session("d")])
    assert len(dataset_sessions(folder)) == 4
    with pytest.raises(InputError, match="no dev split"):
        dataset_sessions(folder, split="dev")
    units = {"group:g1": "dev", "input:i": "test", "session:d": "dev"}
    drawn = {"seed": 1, "fractions": {"dev": 0.5, "test": 0.5}, "units": units}
    folder.write_splits(SplitManifest.model_validate(drawn))
    loaded = folder.load()
    wanted = [each.id for each in loaded.sessions if loaded.split_of(each.id) == "dev"]
    assert [each.id for each in dataset_sessions(folder, split="dev")] == wanted == ["a", "c", "d"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    """20,000 sessions cost eight bytes each, whether they are checked or taken."""
    path = tmp_path / "s.jsonl"
    n = 20_000
    with path.open("w") as file:
        for place in range(n):
            turns = [{"id": "1", "role": "user", "text": "x" * 200}]
            file.write(json.dumps({"id": f"s{place}", "turns": turns}) + "\n")
    list(SessionFile(path, limit=1))
    tracemalloc.start()
    try:
        assert sum(1 for _ in SessionFile(path)) == n
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000 + 40 * n


def test_half_a_surrogate_pair_is_read_as_at_the_first_reading(tmp_path):
    """A tool that cut an emoji in two leaves a session that passed the check; it is judged like any other."""
    path = tmp_path / "s.jsonl"
    path.write_text(
        '{"id":"a","turns":[{"id":"1","role":"user","text":"x \\ud83d y"}]}\n{"id":"b\\ud800","turns":[]}\n'
    )
    first, second = SessionFile(path)
    assert (first.turns[0].text, second.id) == ("x \ud83d y", "b\ud800")
