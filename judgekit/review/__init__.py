"""PEOPLE: the fold of what raters did, splits that do not leak, near-duplicates."""
