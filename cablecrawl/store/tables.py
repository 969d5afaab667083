"""The tables. Captures are append-only, and so is what is read from them by one state of the code.

When other code reads the captures (`scrapy reparse`), what it reads takes the place of what was
there, and what it no longer reads stays, as `former_reading` and `former_claim`.

Times are UTC in ISO 8601 as text. Positions are characters of the decoded document.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 3
"""Kept as SQLite's user_version. A store of another version is refused, never guessed at."""

metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _to(table: str, name: str | None = None, *, nullable: bool = False) -> Column[int]:
    return Column(name or table, Integer, ForeignKey(f"{table}.id"), nullable=nullable)


source = Table(
    "source",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("derived_from", Text),  # JSON: names of sources; null: it is not known
    sqlite_strict=True,
)

run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("spider", Text, nullable=False),
    Column("state", Text, nullable=False),  # running, finished, stopped, crashed, failed
    Column("started", Text, nullable=False),
    Column("finished", Text),
    Column("reason", Text),
    # The run that began the crawl: a crawl that was cut short is gone on with by other runs.
    Column("crawl", Text, nullable=False),
    Column("details", Text, nullable=False),  # JSON: arguments, versions, settings digest
    Column("summary", Text),  # JSON, once it has ended
    sqlite_strict=True,
)

capture = Table(
    "capture",
    metadata,
    _id(),
    Column("capture_id", Text, nullable=False, unique=True),
    Column("run", Text, ForeignKey("run.id"), nullable=False),
    _to("source"),
    Column("url", Text, nullable=False),
    Column("via", Text),
    Column("fetched_at", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer),
    Column("flags", Text, nullable=False),
    Column("detail", Text),
    Column("warc", Text, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    Column("payload_sha256", Text, nullable=False),
    Column("payload_length", Integer, nullable=False),
    # Of a revisit: the capture_id of the response that holds its payload. Digest and length are
    # that payload's.
    Column("revisit_of", Text),
    # The validators that came with the response: what a conditional request names.
    Column("etag", Text),
    Column("last_modified", Text),
    # The capture_id of the robots.txt by which it was allowed, or refused.
    Column("robots", Text),
    # 1 once its items are committed: what a crash left at 0 is read again from the WARC file.
    Column("is_read", Integer, nullable=False),
    Index("capture_by_url", "source", "url"),
    Index("capture_by_warc", "warc", "offset"),
    sqlite_strict=True,
)

witness = Table(
    "witness",
    metadata,
    _id(),
    _to("source"),
    Column("reference_id", Text, nullable=False),
    Column("locator", Text, nullable=False),
    Column("stated_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    UniqueConstraint("reference_id", "source", "locator"),
    Index("witness_by_place", "source", "locator"),
    sqlite_strict=True,
)

reading = Table(
    "reading",
    metadata,
    _id(),
    _to("witness"),
    Column("sha256", Text, nullable=False),
    _to("capture"),
    Column("layout", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("decoding", Text, nullable=False),
    Column("header", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("witness", "sha256"),
    sqlite_strict=True,
)

sighting = Table(
    "sighting",
    metadata,
    _id(),
    _to("witness"),
    _to("capture"),
    _to("reading", nullable=True),
    Column("event", Text, nullable=False),  # first, unchanged, changed, back, gone
    UniqueConstraint("witness", "capture"),
    Index("sighting_by_capture", "capture"),
    sqlite_strict=True,
)

step = Table(
    "step",
    metadata,
    _id(),
    Column("rule", Text, nullable=False),
    Column("asserted_by", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("confidence", Text, nullable=False),
    UniqueConstraint("rule", "asserted_by", "basis", "confidence"),
    sqlite_strict=True,
)

claim = Table(
    "claim",
    metadata,
    _id(),
    _to("reading"),
    Column("field", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("value", Text, nullable=False),
    _to("step"),
    Column("start", Integer),
    Column("end", Integer),
    Column("quote", Text),
    _to("capture"),  # the first that made it
    _to("capture", "last_capture"),
    UniqueConstraint("reading", "field", "ordinal", "value", "step"),
    sqlite_strict=True,
)

# A time through which a claim did not hold that holds again: its row tells the first and the last
# capture that made it, and not that others between them met the reading without it.
lapse = Table(
    "lapse",
    metadata,
    _id(),
    _to("reading"),  # the claim's
    _to("claim"),
    _to("capture", "after"),  # the last that had made it
    _to("capture", "until"),  # the one that made it again
    UniqueConstraint("reading", "claim", "until"),
    sqlite_strict=True,
)

# A time at which all captures were read again.
reparse = Table(
    "reparse",
    metadata,
    _id(),
    Column("at", Text, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("steps_sha256", Text, nullable=False),  # of the code and rules that read
    Column("last_capture", Integer, nullable=False),  # later ones are read as they come
    Column("summary", Text, nullable=False),  # JSON: what it changed, by field
    sqlite_strict=True,
)

# Texts and claims that a reparse no longer gave. Keys are names, so that they outlast row IDs.
former_reading = Table(
    "former_reading",
    metadata,
    _id(),
    _to("reparse"),
    Column("reference_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("locator", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("capture_id", Text, nullable=False),
    Column("layout", Text, nullable=False),
    Column("header", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("former_reading_of_cable", "reference_id"),
    sqlite_strict=True,
)

former_claim = Table(
    "former_claim",
    metadata,
    _id(),
    _to("reparse"),
    Column("reference_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("locator", Text, nullable=False),
    Column("capture_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("value", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("asserted_by", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("start", Integer),
    Column("end", Integer),
    Column("quote", Text),
    Index("former_claim_of_cable", "reference_id"),
    sqlite_strict=True,
)

problem = Table(
    "problem",
    metadata,
    _id(),
    _to("capture"),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    UniqueConstraint("capture", "reason", "detail"),
    sqlite_strict=True,
)

# The cable pages that a source's index pages list, by the last capture that listed them.
listing = Table(
    "listing",
    metadata,
    _to("source", "source"),
    Column("locator", Text, nullable=False),
    _to("capture"),
    UniqueConstraint("source", "locator"),
    Index("listing_latest", "source", "capture"),
    sqlite_strict=True,
)

# Captures of index pages, those with nothing new among them.
index_page = Table(
    "index_page",
    metadata,
    Column("capture", Integer, ForeignKey("capture.id"), primary_key=True),
    sqlite_strict=True,
)

# Captures in which a page says that there is no cable here: 404, 410, or in its text.
missing = Table(
    "missing",
    metadata,
    Column("capture", Integer, ForeignKey("capture.id"), primary_key=True),
    sqlite_strict=True,
)

# Crawls in which a source gave so much less than it has that it counts as a fault, not a fact.
alarm = Table(
    "alarm",
    metadata,
    _id(),
    _to("source"),
    Column("crawl", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("lifted", Text),  # the crawl whose user said that the loss is real
    UniqueConstraint("source", "crawl", "reason"),
    sqlite_strict=True,
)

frontier = Table(
    "frontier",
    metadata,
    _id(),
    Column("source", Text, nullable=False),
    Column("crawl", Text, nullable=False),  # the run that began it
    Column("fingerprint", LargeBinary, nullable=False),
    Column("state", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("request", Text, nullable=False),  # JSON
    UniqueConstraint("source", "fingerprint"),
    Index("frontier_next", "source", "state", "priority", "id"),
    sqlite_strict=True,
)

# Crawls that `scrapy schedule` began. A run's `details` name the log, where a run came of it.
scheduled = Table(
    "scheduled",
    metadata,
    _id(),
    Column("source", Text, nullable=False),
    Column("began", Text, nullable=False),
    Column("ended", Text),
    Column("status", Integer),  # the exit status of its process, once that has ended
    Column("is_stopped", Integer, nullable=False),  # 1: the schedule was stopped meanwhile
    Column("log", Text, nullable=False, unique=True),  # the file's path in the data folder
    Index("scheduled_by_source", "source"),
    sqlite_strict=True,
)

# APScheduler's own table, by its columns: what `scrapy schedule` begins next, and when.
apscheduler_jobs = Table(
    "apscheduler_jobs",
    metadata,
    Column("id", Text, primary_key=True),  # the source
    Column("next_run_time", Float, index=True),  # seconds since 1970
    Column("job_state", LargeBinary, nullable=False),
)
