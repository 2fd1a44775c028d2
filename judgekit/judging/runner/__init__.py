"""The runner: one async loop for every engine; retry, pacing, budget and resume live here, once.

Why a loop of our own: a bad verdict is asked again like a bad connection, a reply is kept before its slot is
free, money in flight counts against the cap, and a wait that a server asks for holds no slot. No engine knows
of any of this, so each engine is one function.
"""
