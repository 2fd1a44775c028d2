"""WORDS: reports as text, Markdown and HTML. Numbers are formatted in one place, `number.py`."""
