"""MACHINES: a judge and a session in, a verdict or a failure out.

The rendering of prompts, the reading of replies, and the runner that asks engines. What the world
offers is declared in `ports`; nothing here opens a file, a socket or a clock of its own.
"""
