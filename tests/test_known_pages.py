"""The pages that a store knows of a source, many more than are read at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from cablecrawl.store import tables as t
from cablecrawl.store.database import create_folders, open_database
from cablecrawl.store.known import AT_A_TIME, known_pages
from tests.stores import add_synthetic_cables

PAGES = 2 * AT_A_TIME + 7


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A store that knows so many pages."""
    create_folders(tmp_path)
    engine = open_database(tmp_path, create=True)
    add_synthetic_cables(engine, PAGES, body="short", claims=1)
    return engine


def test_the_longest_unseen_come_first_and_each_comes_once(engine: Engine) -> None:
    with engine.connect() as db:
        pages = [page.url for page in known_pages(db, "synthetic", before="next")]
    assert pages == [f"http://synthetic/{number}" for number in range(1, PAGES + 1)]


def test_a_page_that_was_never_got_at_is_not_known(engine: Engine) -> None:
    with engine.begin() as db:
        failed = update(t.capture).where(t.capture.c.id == AT_A_TIME + 3)
        db.execute(failed.values(outcome="timeout", status=None))
        pages = [page.url for page in known_pages(db, "synthetic", before="next")]
    assert len(pages) == PAGES - 1
    assert f"http://synthetic/{AT_A_TIME + 3}" not in pages


def test_the_log_of_the_database_can_be_emptied_while_pages_are_taken(engine: Engine) -> None:
    with engine.connect() as reading, engine.connect() as writing:
        pages = known_pages(reading, "synthetic", before="next")
        next(pages)
        writing.execute(update(t.capture).values(detail="written meanwhile"))
        writing.commit()
        checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
        is_busy, *_ = writing.exec_driver_sql(checkpoint).one()
        assert not is_busy
        assert sum(1 for _ in pages) == PAGES - 1
