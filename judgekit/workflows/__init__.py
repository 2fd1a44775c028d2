"""RECIPES: one file per job; given objects, never paths; no printing."""
