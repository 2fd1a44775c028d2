"""OpenAI's batch interface: a file of requests in, a file of answers out, at half the price within a day.

https://platform.openai.com/docs/api-reference/batch; other endpoints speak it too. The same requests and answers as
`openai_compatible`, so replies from batches and from single calls stand for each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from judgekit.adapters.engines.fault import one_line
from judgekit.adapters.engines.openai_compatible import Endpoint, OpenAICompatible, parsed, proxy_for, reply_in
from judgekit.judging.ports import Clock, EngineFault, Reply, Request
from judgekit.judging.runner.batch import Batch

if TYPE_CHECKING:
    import aiohttp

_PATH = "/v1/chat/completions"
_LABEL = "judgekit"
"""Under which our label stands in a batch's metadata."""
TIMEOUT_S = 600.0
"""Longest wait for a file of answers."""
_OVER = frozenset({"completed", "failed", "expired", "cancelled"})
_PAGE = 100


class OpenAIBatch:
    """Hands requests in as batches to one endpoint."""

    name = OpenAICompatible.name

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        """Open nothing yet: the session is made by the first request, inside its event loop."""
        self._endpoint = endpoint
        self._single = OpenAICompatible(endpoint, clock)
        self._session: aiohttp.ClientSession | None = None
        self._proxy = proxy_for(endpoint.base_url)

    def line(self, request: Request, mark: str) -> bytes:
        """Return one request as the batch's file has it, under a mark that comes back with its answer."""
        head = json.dumps({"custom_id": mark, "method": "POST", "url": _PATH})
        return head[:-1].encode() + b', "body": ' + self._single.body(request) + b"}\n"

    async def submit(self, lines: Iterable[bytes], label: str) -> str:
        """Upload the file, make the batch, and return its id.

        Raises:
            EngineFault: It was not taken.
        """
        import aiohttp

        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        form.add_field("file", b"".join(lines), filename=f"{label}.jsonl", content_type="application/jsonl")
        try:
            uploaded = self._id_of(await self._json("POST", "/files", data=form))
        except EngineFault as fault:
            fault.may_be_charged = False  # a file alone is no batch
            raise
        wanted = {"input_file_id": uploaded, "endpoint": _PATH, "completion_window": "24h"}
        made = await self._json("POST", "/batches", json={**wanted, "metadata": {_LABEL: label}})
        return self._id_of(made)

    async def find(self, label: str) -> str | None:
        """Return the id of the batch that was handed in under a label; None where there is none."""
        after: str | None = None
        while True:
            page = await self._json("GET", f"/batches?limit={_PAGE}" + (f"&after={after}" if after else ""))
            batches = page.get("data") or []
            for batch in batches:
                if (batch.get("metadata") or {}).get(_LABEL) == label:
                    return str(batch["id"])
            if not page.get("has_more") or not batches:
                return None
            after = batches[-1]["id"]

    async def look(self, batch: str) -> Batch:
        """Return how far a batch is."""
        found = await self._json("GET", f"/batches/{batch}")
        counts = found.get("request_counts") or {}
        n_done = int(counts.get("completed") or 0) + int(counts.get("failed") or 0)
        fault = None
        if found.get("status") == "failed":
            errors = (found.get("errors") or {}).get("data") or [{}]
            fault = one_line(str(errors[0].get("message") or "no explanation"))
        return Batch(batch, found.get("status") in _OVER, n_done, int(counts.get("total") or 0), fault)

    async def results(self, batch: str) -> Sequence[tuple[str, Reply | EngineFault]]:
        """Return the answers of a batch that is over, by mark; of an expired one those that came in time."""
        found = await self._json("GET", f"/batches/{batch}")
        answers: list[tuple[str, Reply | EngineFault]] = []
        for name in ("output_file_id", "error_file_id"):
            if found.get(name):
                text = await self._content(f"/files/{found[name]}/content")
                answers += map(self._answer, _rows(text.removeprefix("\ufeff")))
        return answers

    def _answer(self, row: dict[str, Any]) -> tuple[str, Reply | EngineFault]:
        mark = str(row.get("custom_id"))
        response, body = row.get("response"), _object(_object(row.get("response")).get("body"))
        status = str(_object(response).get("status_code"))
        if not (status.isascii() and status.isdecimal()):
            error = _object(row.get("error"))
            message = one_line(str(error.get("message") or error.get("code") or row.get("error") or "no answer"))
            return mark, EngineFault("server", message, may_be_charged=response is not None)
        if status != "200":
            return mark, self._single.rejected(int(status), {}, json.dumps(body))
        try:
            request = Request(key="", model=str(body.get("model") or ""), messages=())
            return mark, reply_in(body, request, None, self._where)
        except EngineFault as fault:
            return mark, fault

    async def _json(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        return parsed(await self._content(path, method, **how), self._where)

    def _id_of(self, made: Mapping[str, Any]) -> str:
        if not isinstance(made.get("id"), str):
            raise EngineFault("server", f"{self._where} took what was handed in and gave no id for it")
        return str(made["id"])

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def _where(self) -> str:
        return self._endpoint.shown

    async def _content(self, path: str, method: str = "GET", **how: Any) -> str:
        import aiohttp

        url = self._endpoint.url(path)
        try:
            sent = self._open_session().request(method, url, proxy=self._proxy, allow_redirects=False, **how)
            async with sent as answer:
                status, headers, raw = answer.status, answer.headers, await answer.read()
        except TimeoutError:
            raise EngineFault("timeout", f"{self._where} did not answer in {TIMEOUT_S:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise EngineFault("connection", f"no connection to {self._where}: {one_line(str(error))}") from None
        text = raw.decode("utf-8", "replace")
        if not 200 <= status < 300:
            raise self._single.rejected(status, headers, text)
        return text

    def _open_session(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            headers = {"Authorization": f"Bearer {self._endpoint.key}"} if self._endpoint.key else {}
            self._session = aiohttp.ClientSession(
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _rows(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file's lines; one that cannot be read takes no other with it.

    Only a line feed ends a line: other signs that `splitlines` goes by stand inside texts.
    """
    for line in text.split("\n"):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield row


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
