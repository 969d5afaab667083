"""The store: everything that is known, in one SQLite database, and the WARC files beside it."""
