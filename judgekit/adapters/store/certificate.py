"""A judge's certificates: `certificates/<dataset>--<criterion>.json`; earlier ones are kept beside, in `earlier/`."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from judgekit.adapters.store.files import read_json, validated, write_json
from judgekit.adapters.store.ledger import safe_name
from judgekit.records.certificate import Certificate

FOLDER = "certificates"
EARLIER = "earlier"
_MAX_PART = 90
_DOUBLE = re.compile("-(?=-)")


class CertificateFolder:
    """The `certificates/` of one judge."""

    def __init__(self, judge_folder: Path | str) -> None:
        """Take the judge's folder; nothing is made before a certificate is written."""
        self.path = Path(judge_folder) / FOLDER

    def place(self, dataset: str, criterion: str) -> Path:
        """Return where a certificate stands; different names keep different files, whatever is in them."""
        return self.path / f"{_part(dataset)}--{_part(criterion)}.json"

    def find(self, dataset: str, criterion: str) -> Certificate | None:
        """Return the latest certificate for a criterion of a dataset; None where there is none.

        Raises:
            FileProblem: It cannot be read.
            InvalidRecord: It is no certificate.
        """
        path = self.place(dataset, criterion)
        if not path.is_file():
            return None
        found = _read(path)
        return found if (found.dataset, found.criterion) == (dataset, criterion) else None

    def all(self) -> tuple[Certificate, ...]:
        """Return the latest certificate of each dataset and criterion, by file name.

        Raises:
            FileProblem: One cannot be read.
            InvalidRecord: One is no certificate.
        """
        return tuple(_read(path) for path in sorted(self.path.glob("*.json")))

    def write(self, certificate: Certificate) -> Path:
        """Write a certificate in its place and return where; one that stood there goes to `earlier/`, unchanged.

        Raises:
            FileProblem: It could not be written; what stood there still does.
            InvalidRecord: What stands there is no certificate, so that it cannot be kept under its name.
        """
        path = self.place(certificate.dataset, certificate.criterion)
        if path.is_file():
            old = _read(path)
            _write(self.path / EARLIER / f"{path.stem}--{_part(old.opening_id)[:40]}.json", old)
        _write(path, certificate)
        return path


def _read(path: Path) -> Certificate:
    return validated(Certificate, read_json(path), str(path))


def _write(path: Path, certificate: Certificate) -> None:
    write_json(path, certificate.model_dump(mode="json"))  # with its nulls: an undefined estimate has no value


def _part(name: str) -> str:
    """Return a name as one part of a file's; no part holds `--`, which stands between two."""
    part = _DOUBLE.sub("%2D", safe_name(name))
    if len(part) <= _MAX_PART:
        return part
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{part[: _MAX_PART - 20]}-{digest[:16]}"
