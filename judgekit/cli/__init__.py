"""A DOOR: parse, build adapters, call one workflow, render, exit."""
