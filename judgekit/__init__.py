"""judgekit distils LLM judges from human labels, and says how far they can be trusted.

Every command is also a call: `judgekit.agree(dataset)`, `judgekit.score(dataset, run)` and so on.

Why the names are lazy: `import judgekit` must cost little, since the command line, CI and notebooks all pay for it.
Names below load their module on first use.

Why `api` is a door of its own: notebooks need what the command line has (files, keys, a seed, a loop that may be
running already) without its printing; the workflows below it stay free of all that.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC: dict[str, str] = {
    "Dataset": "judgekit.records.dataset",
    "Estimate": "judgekit.stats.estimate",
    "Failure": "judgekit.records.verdict",
    "Judge": "judgekit.records.judge",
    "Label": "judgekit.records.label",
    "Rubric": "judgekit.records.rubric",
    "Session": "judgekit.records.session",
    "Verdict": "judgekit.records.verdict",
    "agree": "judgekit.api.measuring",
    "calibrate": "judgekit.api.calibrating",
    "certify": "judgekit.api.certifying",
    "compare": "judgekit.api.measuring",
    "distil_student": "judgekit.api.judge",
    "estimate": "judgekit.api.measuring",
    "gate": "judgekit.api.deciding",
    "lint": "judgekit.api.judge",
    "load_dataset": "judgekit.api.dataset",
    "load_judge": "judgekit.api.judge",
    "make_dataset": "judgekit.api.dataset",
    "new_judge": "judgekit.api.judge",
    "probe": "judgekit.api.probing",
    "plan": "judgekit.api.planning",
    "read_table": "judgekit.api.dataset",
    "render_report": "judgekit.api.reporting",
    "render_request": "judgekit.api.judge",
    "run": "judgekit.api.running",
    "score": "judgekit.api.measuring",
    "split": "judgekit.api.dataset",
    "to_frame": "judgekit.api.reporting",
    "verify": "judgekit.api.dataset",
}
"""Public name -> the module that holds it."""

__all__ = [*_PUBLIC, "__version__"]  # noqa: PLE0604  # the table above is the list


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'judgekit' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
