"""Fakes that ship with the package, for users' own tests too: a scripted engine, a still clock, a faulty server."""

from __future__ import annotations

from judgekit.adapters.engines.scripted import ScriptedEngine
from judgekit.testing.batches import BatchServer
from judgekit.testing.clock import StillClock
from judgekit.testing.server import Fault, FaultyServer, Spoken, drawn_faults

__all__ = ["BatchServer", "Fault", "FaultyServer", "ScriptedEngine", "Spoken", "StillClock", "drawn_faults"]
