"""Errors that a user can act on: one line each, with the exit status they lead to."""

from __future__ import annotations


class CableCrawlError(Exception):
    """Bad usage or configuration. The message is one line: what is wrong, where, what to do."""

    exit_status = 1


class NotThereError(CableCrawlError):
    """What was asked for is not there; all that was needed to tell could be read."""


class StorageError(CableCrawlError):
    """No space, or no permission to write."""

    exit_status = 3


class DamagedDatabaseError(CableCrawlError):
    """The database's file is none, or is damaged."""

    kept_as = "damaged"
    """What its name ends in when it makes room for another."""


class OtherVersionError(CableCrawlError):
    """The database is of another version of CableCrawl."""

    kept_as = "other-version"


class LockedError(CableCrawlError):
    """Another run works on the same store."""

    exit_status = 4
