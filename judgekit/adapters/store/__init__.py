"""Folders of judgekit's own: datasets, ledgers, judges, runs. Every write is beside, fsync, rename."""
