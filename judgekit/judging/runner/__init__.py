"""The runner: one async loop for every engine; retry, pacing, budget and resume live here, once."""
