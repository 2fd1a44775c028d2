"""ARITHMETIC: arrays in, `Estimate` out; numpy and scipy only (`estimate.py` itself: standard library only)."""
