"""NOUNS: frozen pydantic models, what is written down. No arithmetic, no files, no clock."""
