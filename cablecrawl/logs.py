"""What is logged: one line for a storage that is full, no page in full, no terminal's commands."""

from __future__ import annotations

import logging
from typing import Any

from scrapy import Spider
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure

from cablecrawl.errors import StorageError


class CrawlLogFormatter(LogFormatter):
    """Scrapy's, but for items that a full disk kept from being stored: the run says that once."""

    def item_error(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,
        spider: Spider,
    ) -> LogFormatterResult:
        result = super().item_error(item, exception, response, spider)
        if isinstance(exception, StorageError):
            result["level"] = logging.DEBUG
        return result


def printable(line: str) -> str:
    """A line without what a terminal would take for commands, or would break it in two."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Whether a line of Twisted's is: a certificate that does not fit is a capture and a problem.

    Twisted logs one as a fault of its own, with a traceback.
    """
    return "while verifying certificate" not in record.getMessage()
