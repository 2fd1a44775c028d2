"""Ask an engine one request after the other, and keep what it raises beside what it returns."""

from __future__ import annotations

import asyncio
from typing import Any

from judgekit.judging.ports import Engine, EngineFault, Request


def answers_of(engine: Engine, *requests: Request) -> list[Any]:
    """Return the reply to each request, or the fault; the engine is closed at the end."""

    async def all_of_them() -> list[Any]:
        answers: list[Any] = []
        for request in requests:
            try:
                answers.append(await engine.complete(request))
            except EngineFault as fault:
                answers.append(fault)
        await engine.close()
        return answers

    return asyncio.run(all_of_them())
