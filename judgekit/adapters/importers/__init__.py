"""Other people's tables and files, translated at the door into records."""
