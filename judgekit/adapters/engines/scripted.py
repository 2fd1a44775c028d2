"""The engine for tests: a function of the request gives the reply, and nothing leaves the process."""

from __future__ import annotations

from collections.abc import Callable

from judgekit.judging.ports import Clock, EngineFault, Reply, Request

Script = Callable[[Request], Reply | str | EngineFault]


class ScriptedEngine:
    """Answers each request with what a function says: a reply, its text alone, or a fault to raise.

    Attributes:
        requests: Every request received, in order, faults included.
        max_in_flight: Most requests that waited at the same time.
    """

    name = "scripted"

    def __init__(self, script: Script, *, clock: Clock | None = None, latency_s: float = 0.0) -> None:
        """Keep the function; with a clock, each answer takes `latency_s` seconds of it."""
        self._script = script
        self._clock = clock
        self._latency_s = latency_s
        self._in_flight = 0
        self.requests: list[Request] = []
        self.max_in_flight = 0

    async def complete(self, request: Request) -> Reply:
        """Return the scripted reply.

        Raises:
            EngineFault: The script says so.
        """
        self.requests.append(request)
        self._in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self._in_flight)
        try:
            if self._clock is not None:
                await self._clock.sleep(self._latency_s)
            answer = self._script(request)
        finally:
            self._in_flight -= 1
        if isinstance(answer, EngineFault):
            raise answer
        if isinstance(answer, str):
            return Reply(text=answer, model=request.model, finish_reason="stop", latency_s=self._latency_s)
        return answer

    async def close(self) -> None:
        """Nothing to let go of."""
