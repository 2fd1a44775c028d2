"""What all tests share: where the real data lies, and an environment without keys."""

from __future__ import annotations

from pathlib import Path

import pytest

collect_ignore_glob = ["benchmarks/*", "example/*", "oracles/*"]
"""Programs beside the tests, run by hand or by `make`; the oracles need packages that are not installed here."""
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of real data beside the checkout; skip, and say so, when it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the real data is not at {SHARED}")
    return SHARED


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see no key and no endpoint of the developer's own."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "JUDGEKIT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
