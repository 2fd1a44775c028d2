"""A loopback server that speaks OpenAI's files and batches: what is handed in is answered after some looks.

It listens on 127.0.0.1 and nowhere else, and knows batches as long as it lives, whoever asks.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from aiohttp import web

Answer = Callable[[dict[str, Any]], str | int | None]
"""From a request's body to the reply's text, an error's HTTP status, or None: the batch ends without an answer."""


@dataclass(slots=True)
class _Batch:
    id: str
    file: str
    metadata: dict[str, Any]
    n_looks: int = 0
    output: str | None = None
    error: str | None = None
    n_failed: int = 0
    status: str = "in_progress"


@dataclass(slots=True)
class _Books:
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, _Batch] = field(default_factory=dict)


class BatchServer:
    """Serves while its `with` block lasts.

    Attributes:
        answered: Text of the last message -> times answered, over all batches: what was paid for.
        n_batches: Batches handed in.
        refusal: Set to words, and every batch fails at once with them.
    """

    def __init__(self, answer: Answer | str, *, n_looks: int = 2, ends: str = "completed") -> None:
        """Keep the script.

        Args:
            answer: A text, or a function of the request's body.
            n_looks: How often a batch must be looked at before it is over.
            ends: The state that it ends in: `completed` or `expired`.
        """
        self._answer = answer
        self._n_looks = n_looks
        self._ends = ends
        self._books = _Books()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._port = 0
        self.answered: Counter[str] = Counter()
        self.refusal: str | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def base_url(self) -> str:
        """Address up to and with `/v1`."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def n_batches(self) -> int:
        """Batches handed in."""
        return len(self._books.batches)

    async def _serve(self) -> None:
        from aiohttp import web

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=1 << 30)
        app.add_routes(
            [
                web.post("/v1/files", self._upload),
                web.get("/v1/files/{file}/content", self._content),
                web.post("/v1/batches", self._create),
                web.get("/v1/batches", self._list),
                web.get("/v1/batches/{batch}", self._look),
            ]
        )
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _upload(self, request: web.Request) -> web.Response:
        from aiohttp import web

        form = await request.post()
        held = form["file"]
        if form.get("purpose") != "batch" or isinstance(held, str | bytes | bytearray):
            return _wrong("a batch needs a file with the purpose batch")
        name = f"file-{len(self._books.files)}"
        self._books.files[name] = held.file.read()
        return web.json_response({"id": name, "object": "file", "purpose": "batch"})

    async def _create(self, request: web.Request) -> web.Response:
        from aiohttp import web

        body = await request.json()
        if body.get("input_file_id") not in self._books.files or body.get("endpoint") != "/v1/chat/completions":
            return _wrong("no such input file, or no such endpoint")
        batch = _Batch(f"batch_{self.n_batches}", body["input_file_id"], body.get("metadata") or {})
        self._books.batches[batch.id] = batch
        if self.refusal is not None:
            batch.status = "failed"
        return web.json_response(self._shown(batch))

    async def _list(self, request: web.Request) -> web.Response:
        from aiohttp import web

        newest_first = list(self._books.batches.values())[::-1]
        after = request.query.get("after")
        start = next((place + 1 for place, batch in enumerate(newest_first) if batch.id == after), 0)
        size = int(request.query.get("limit", 20))
        page = newest_first[start : start + size]
        has_more = start + size < len(newest_first)
        return web.json_response({"data": [self._shown(batch) for batch in page], "has_more": has_more})

    async def _look(self, request: web.Request) -> web.Response:
        from aiohttp import web

        batch = self._books.batches.get(request.match_info["batch"])
        if batch is None:
            return _wrong("no such batch", 404)
        batch.n_looks += 1
        if batch.status == "in_progress" and batch.n_looks >= self._n_looks:
            self._finish(batch)
        return web.json_response(self._shown(batch))

    async def _content(self, request: web.Request) -> web.Response:
        from aiohttp import web

        return web.Response(body=self._books.files[request.match_info["file"]])

    def _finish(self, batch: _Batch) -> None:
        good, bad = [], []
        for line in self._books.files[batch.file].splitlines():
            row = json.loads(line)
            found = self._answer if isinstance(self._answer, str) else self._answer(row["body"])
            if isinstance(found, str):
                self.answered[row["body"]["messages"][-1]["content"]] += 1
                good.append(_line(row, 200, _completion(row["body"], found)))
            elif isinstance(found, int):
                bad.append(_line(row, found, {"error": {"message": "made to fail", "type": "server_error"}}))
        batch.output, batch.error = self._kept(good), self._kept(bad)
        batch.n_failed, batch.status = len(bad), self._ends

    def _kept(self, lines: list[str]) -> str | None:
        if not lines:
            return None
        name = f"file-{len(self._books.files)}"
        self._books.files[name] = "".join(lines).encode()
        return name

    def _shown(self, batch: _Batch) -> dict[str, Any]:
        n_total = self._books.files[batch.file].count(b"\n")
        n_done = n_total - batch.n_failed if batch.status == self._ends else 0
        failed = {"errors": {"data": [{"message": self.refusal}]}} if batch.status == "failed" else {}
        return {
            "id": batch.id,
            "object": "batch",
            "status": batch.status,
            "output_file_id": batch.output,
            "error_file_id": batch.error,
            "request_counts": {"total": n_total, "completed": n_done, "failed": batch.n_failed},
            "metadata": batch.metadata,
            **failed,
        }


def _completion(body: dict[str, Any], text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "object": "chat.completion",
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }


def _line(row: dict[str, Any], status: int, body: dict[str, Any]) -> str:
    response = {"status_code": status, "request_id": "r", "body": body}
    return json.dumps({"id": "b", "custom_id": row["custom_id"], "response": response, "error": None}) + "\n"


def _wrong(message: str, status: int = 400) -> web.Response:
    from aiohttp import web

    return web.json_response({"error": {"message": message, "type": "invalid_request_error"}}, status=status)
