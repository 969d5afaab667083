"""What one copy hides and another shows does not come out by any form of trace."""

from __future__ import annotations

import argparse
import io
import json
import re
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest
from scrapy.settings import Settings

from cablecrawl.commands.history import Command as History
from cablecrawl.commands.trace import print_prov
from cablecrawl.export.lines import json_line
from cablecrawl.export.read import snapshot
from cablecrawl.trace.display import Display
from cablecrawl.trace.explanation import FIELD_NAMES
from cablecrawl.trace.records import CableTrace
from tests.sites.mirror import Build
from tests.stores import SampleStore
from tests.trace.conftest import CABLE, change, crawl, stored_cable, trace

NAME = "Madina Zharkova"
# As a search for the name would be made by whoever wants it: either half, in any case, however
# the page wrote it.
PARTS = re.compile("madina|zharkova|mad%69na", re.I)
MARK = "XXXXXXXXXXXX"

BODY = """SUBJECT: {who} AND THE TRAM WITHOUT DOORS

REF: ASTANA 9012

1. (C) We met {who} of the tram works. The doors are late.

2. (C) {who} asked that nobody be told. The clocks of the harbour were compared, and nothing
was found that would explain it; the registry of cats is kept as before.

3. (C) In the evening {first}
{last} came back with the plans."""


def body(who: str, first: str, last: str) -> str:
    return BODY.format(who=who, first=first, last=last)


@pytest.fixture
def hiding(tmp_path: Path, store: SampleStore) -> SampleStore:
    """Two mirrors: one shows a name that the other hides, in the text and around it."""
    shown = replace(
        CABLE,
        body=body(NAME, *NAME.split()),
        title=f"{NAME.upper()} AND THE TRAM WITHOUT DOORS",
    )
    masked = replace(
        CABLE,
        body=body(MARK, MARK, MARK),
        title=f"{MARK} AND THE TRAM WITHOUT DOORS",
    )
    crawl(store, "shows", tmp_path / "shows", Build(220, "v2"), shown)
    crawl(store, "hides", tmp_path / "hides", Build(1824, "v6"), masked)
    return store


def printed(found: CableTrace) -> str:
    out = io.StringIO()
    Display(out).show(found)
    return out.getvalue()


def every_form(store: SampleStore, *, show: bool = False) -> dict[str, str]:
    """All that trace can print of the cable."""
    forms = {}
    for field in (None, *FIELD_NAMES):
        for verify in (False, True):
            found = trace(store, field=field, verify=verify, show=show)
            forms[f"{field} {verify}"] = printed(found)
            forms[f"{field} {verify} json"] = json_line(found).decode()
    out = io.StringIO()
    with snapshot(store.engine) as stored, redirect_stdout(out):
        print_prov(stored, stored_cable(store), store.data_dir, show=show)
    forms["prov"] = out.getvalue()
    return forms


def test_the_name_is_in_the_store_and_the_setting_shows_it(hiding: SampleStore) -> None:
    forms = every_form(hiding, show=True)
    for form in ("None False", "None False json", "subject True", "body True json", "prov"):
        assert PARTS.search(forms[form]), form
    assert json.loads(forms["None False json"])["redacted_spans"] == "shown"


def test_no_form_of_trace_has_the_name(hiding: SampleStore) -> None:
    for form, text in every_form(hiding).items():
        assert not PARTS.search(text), form
    found = trace(hiding)
    assert found.redacted_spans == "hidden"
    assert found.fields["subject"].value == "[hidden] AND THE TRAM WITHOUT DOORS"
    assert "[hidden]" in found.fields["body"].value
    assert "The doors are late." in found.fields["body"].value


def test_no_form_has_it_where_the_chosen_reading_is_the_one_that_hides(
    hiding: SampleStore,
) -> None:
    more = "4. (C) The doors came back, and the registry of cats was opened again. " * 3
    change(hiding, f"UPDATE reading SET body = body || '{more}' WHERE body LIKE '%XXX%'")
    assert trace(hiding).chosen.source == "hides"
    for form, text in every_form(hiding).items():
        assert not PARTS.search(text), form


def test_no_form_has_it_where_an_earlier_reading_showed_it(
    tmp_path: Path, hiding: SampleStore
) -> None:
    crawl(
        hiding,
        "shows",
        tmp_path / "shows",
        Build(1824, "v6"),
        replace(CABLE, body=body(MARK, MARK, MARK), title="THE TRAM WITHOUT DOORS"),
    )
    for form, text in every_form(hiding).items():
        assert not PARTS.search(text), form


def test_no_finding_has_it(hiding: SampleStore) -> None:
    change(hiding, "UPDATE claim SET start = start - 3 WHERE quote IS NOT NULL")
    change(hiding, f"UPDATE claim SET value = '{NAME}' WHERE field = 'origin' AND reading = 2")
    forms = every_form(hiding)
    assert '"verified": false' in forms["None True json"]
    for form, text in forms.items():
        assert not PARTS.search(text), form


def test_an_address_does_not_spell_it_either(hiding: SampleStore) -> None:
    for table in ("witness", "capture"):
        change(hiding, f"UPDATE {table} SET url = 'http://shows/mad%69na-zharkova-and-a-tram'")
    change(hiding, "UPDATE capture SET via = 'http://shows/?s=Madina+Zharkova'")
    arguments = '{"arguments": {"url": "http://shows/madina-zharkova"}}'
    change(hiding, f"UPDATE run SET details = '{arguments}'")
    for form, text in every_form(hiding).items():
        assert not PARTS.search(text), form


# A copy as it was read, and how a reparse that no longer reads it leaves it.
OF_THE_COPY = (
    "SELECT w.id FROM witness w JOIN source s ON s.id = w.source WHERE s.name = '{source}'"
)
NO_LONGER_READ = (
    "INSERT INTO reparse (id, at, code_version, steps_sha256, last_capture, summary)"
    " VALUES (1, '2026-11-22T00:00:00.000000Z', '0.2', '', 1000, '{{}}')",
    "INSERT INTO former_reading (reparse, reference_id, source, locator, sha256, capture_id,"
    " layout, header, body) SELECT 1, w.reference_id, '{source}', w.locator, r.sha256, '',"
    " r.layout, r.header, r.body FROM reading r JOIN witness w ON w.id = r.witness"
    f" WHERE w.id IN ({OF_THE_COPY})",
    "INSERT INTO former_claim (reparse, reference_id, source, locator, capture_id, field,"
    ' ordinal, value, rule, asserted_by, basis, confidence, start, "end", quote)'
    " SELECT 1, w.reference_id, '{source}', w.locator, '', c.field, c.ordinal, c.value, s.rule,"
    ' s.asserted_by, s.basis, s.confidence, c.start, c."end", c.quote FROM claim c'
    " JOIN step s ON s.id = c.step JOIN reading r ON r.id = c.reading"
    f" JOIN witness w ON w.id = r.witness WHERE w.id IN ({OF_THE_COPY})",
    f"DELETE FROM claim WHERE reading IN (SELECT id FROM reading WHERE witness IN ({OF_THE_COPY}))",
    f"DELETE FROM sighting WHERE witness IN ({OF_THE_COPY})",
    f"DELETE FROM reading WHERE witness IN ({OF_THE_COPY})",
    f"DELETE FROM witness WHERE id IN ({OF_THE_COPY})",
)


def no_longer_read(store: SampleStore, source: str) -> None:
    for statement in NO_LONGER_READ:
        change(store, statement.format(source=source))


def history(store: SampleStore) -> str:
    command = History()
    command.settings = Settings({"DATA_DIR": str(store.data_dir)})
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(out):
        command.run([CABLE.reference_id], argparse.Namespace(changes=False, json=True))
    out.flush()
    assert isinstance(out.buffer, io.BytesIO)
    return out.buffer.getvalue().decode()


def test_no_form_has_it_where_the_copy_that_shows_it_is_no_longer_read(
    hiding: SampleStore,
) -> None:
    no_longer_read(hiding, "shows")
    found = trace(hiding)
    assert found.chosen.source == "hides"
    assert found.redacted_spans == "hidden"
    former = [rival for rival in found.fields["subject"].rivals if rival.standing == "former"]
    assert "[hidden] AND THE TRAM WITHOUT DOORS" in [rival.value for rival in former]
    assert PARTS.search(every_form(hiding, show=True)["subject False"])
    for form, text in every_form(hiding).items():
        assert not PARTS.search(text), form


def test_no_form_has_it_where_the_copy_that_hides_it_is_no_longer_read(
    tmp_path: Path, hiding: SampleStore
) -> None:
    more = replace(CABLE, body=body(NAME, *NAME.split()).replace("The doors", "All the doors"))
    crawl(hiding, "shows", tmp_path / "more", Build(1824, "v6"), more)
    no_longer_read(hiding, "hides")
    assert trace(hiding).chosen.source == "shows"
    for form, text in every_form(hiding).items():
        assert not PARTS.search(text), form
    shown = history(hiding)
    assert "[hidden] of the tram works" in shown
    assert not PARTS.search(shown)


def test_a_former_subject_that_was_cut_within_the_name_is_hidden_whole(
    hiding: SampleStore,
) -> None:
    no_longer_read(hiding, "shows")
    change(hiding, "UPDATE former_claim SET value = 'MEETING ZHARK' WHERE field = 'subject'")
    rivals = trace(hiding, field="subject").fields["subject"].rivals
    assert {rival.value for rival in rivals if rival.standing == "former"} == {"[hidden]"}
