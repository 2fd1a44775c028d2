"""A DOOR: every command as one call, over records, dictionaries or DataFrames; works in a notebook."""
