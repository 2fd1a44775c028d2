"""MEANING: records in, rows of estimates out.

Pairs labels with verdicts, builds references, never drops a row uncounted.
"""
