"""Give the example's composed replies the keys of the prompts as they are now.

    python tests/example/rekey_replies.py judges/policy judges/resolution judges/feedback

A replay answers only the exact request it was recorded for, so a changed template orphans every reply. The example's
replies were composed for sessions, not for a prompt's wording: after a template is edited on purpose, this writes
the new request keys beside the same replies. Never run it on replies that a model gave.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from judgekit.adapters.engines.replay import read_replies
from judgekit.adapters.store.dataset import DatasetFolder
from judgekit.adapters.store.files import write_atomically
from judgekit.adapters.store.judge import JudgeFolder
from judgekit.judging.prompt import Prompter

ROOT = Path(__file__).resolve().parents[2]


def rekey(folder: Path) -> int:
    """Rewrite one judge's replies.jsonl and return how many replies it holds."""
    sessions = DatasetFolder(ROOT / "datasets" / "helpdesk").load().session_by_id
    prompter = Prompter(JudgeFolder(folder).load())
    path = folder / "replies.jsonl"
    lines = []
    for reply in read_replies(path):
        if not reply.composed:
            raise SystemExit(f"{path}: a reply for {reply.request} is not marked as composed")
        key = prompter.request(sessions[reply.metadata["session"]]).request.key
        row = reply.model_copy(update={"request": key}).model_dump(
            mode="json", exclude_none=True, exclude_defaults=True
        )
        lines.append(json.dumps(row, ensure_ascii=False))
    write_atomically(path, "\n".join(lines) + "\n")
    return len(lines)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, rekey(Path(name)))
