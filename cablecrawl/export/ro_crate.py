"""An export described as an RO-Crate: its files, the runs behind them, the sources they come from.

A run is an action that made WARC files of what sources publish; the export is one that made its
files of the WARC files. Those stand beside the database and not in the export, so their names
here are local ones, with `#`.

Nothing is from the clock: the crate is dated by the last capture. Written here and not with the
rocrate package: that dates crates by the clock, takes 0.4 s to load, and would take off our
hands the frame of a dozen lines. The tests read the file back with it.

Formats: https://w3id.org/ro/crate/1.3 and its profile https://w3id.org/ro/wfrun/process/0.6
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy import Connection, Row, Select, func, select

from cablecrawl import __version__
from cablecrawl.capture import read_manifest
from cablecrawl.capture.warc import MANIFEST as DIGESTS
from cablecrawl.errors import CableCrawlError
from cablecrawl.export.resources import MANIFEST, SCHEMA_VERSION, FinishedFile, read_schema
from cablecrawl.fixity.lines import FOLDER as LINE_DIGESTS
from cablecrawl.store import tables as t
from cablecrawl.store.database import WARC_FOLDER

RO_CRATE = "ro-crate-metadata.json"
SPECIFICATION = "https://w3id.org/ro/crate/1.3"
PROFILE = "https://w3id.org/ro/wfrun/process/0.6"

# A crawl a day comes to 10,000 runs in 27 years, and one by one they are 9 MB of this file. What
# one asks after are the latest; captures.jsonl has the run of every capture.
MOST_RUNS = 500

# A crate has to have a date, and an empty store has none.
NO_DATE = "1970-01-01"

# Its date may be as exact as that; a run's beginning is known to the second, from its ID, where
# a store was made again from its WARC files.
MILLISECOND = len("2010-12-22T08:30:00.000")
SECOND = len("2010-12-22T08:30:00")

LICENCE_NOTE = (
    "No licence is given. The cables are works of the United States government, in which it has"
    " no copyright at home (17 U.S.C. 105). What a source wrote around them is its own."
    " CableCrawl claims no rights in either. Some texts name people whom that can harm: copies"
    " with their names stand beside copies in which a publisher hid them."
)

COMPLETED = "http://schema.org/CompletedActionStatus"
FAILED = "http://schema.org/FailedActionStatus"

# Whether a run was killed is only known when the next one begins, or its database is made again.
NO_END = "no end of it is recorded: it was killed, or still goes on"

UNKNOWN = "unknown"
"""What stands for a publisher, or a version, that nobody knows."""

Entity = dict[str, Any]
Reference = dict[str, str]
"""`{"@id": …}`"""


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """The manifest of an export, which is on the disk."""

    bytes: int
    sha256: str


@dataclass(slots=True)
class _Crate:
    """Entities, each once, in the order in which they were added."""

    entities: dict[str, Entity] = field(default_factory=dict)

    def add(self, id: str, type: str | list[str], **properties: Any) -> Reference:
        """Add an entity, if there is none of its name; properties that are None are left out."""
        known = {name: value for name, value in properties.items() if value is not None}
        self.entities.setdefault(id, {"@id": id, "@type": type, **known})
        return {"@id": id}


def ro_crate(
    db: Connection, files: Sequence[FinishedFile], manifest: ManifestFile, *, cables: int
) -> Entity:
    """The content of ro-crate-metadata.json for an export of these files, with so many cables.

    The same store gives the same content. Raises CableCrawlError when the manifest of the store's
    WARC files is none, OSError when it cannot be read.
    """
    crate = _Crate()
    crate.add(RO_CRATE, "CreativeWork", conformsTo=_to(SPECIFICATION), about=_to("./"))
    root = crate.add("./", "Dataset")

    warcs = {run: list(rows) for run, rows in groupby(db.execute(WARC_FILES), attrgetter("run"))}
    last = max((row.last for rows in warcs.values() for row in rows), default=NO_DATE)
    digests = _digests(db)
    parts = [
        *(_add_file(crate, file) for file in files),
        _add_manifest(crate, manifest),
        *_add_digests(crate),
    ]
    sources = _add_sources(crate, db)
    # Of a run without captures no WARC file tells, and it gave nothing.
    runs = [run for run in db.execute(RUNS) if run.id in warcs]
    older, latest = runs[:-MOST_RUNS], runs[-MOST_RUNS:]
    actions = [
        *_add_older(crate, older, warcs, sources),
        *(_add_run(crate, run, warcs[run.id], digests, sources) for run in latest),
    ]
    made = [file for action in actions for file in crate.entities[action["@id"]]["result"]]
    export = crate.add(
        "#export",
        "CreateAction",
        name="Export of the store",
        description="scrapy export. When it was made is not said: the same store gives the same"
        " files.",
        instrument=_add_software(crate, __version__),
        object=made or None,
        result=parts,
        actionStatus=_to(COMPLETED),
    )
    until = f", captured until {last[:10]}" if warcs else ""
    crate.entities[root["@id"]] |= {
        "name": f"{cables:,} US embassy cables from {len(sources)} sources{until}",
        "description": "What CableCrawl read from copies of the US embassy cables: for each value"
        " the characters it was read from, the capture, and the rule that read it."
        f" {MANIFEST} has the schema of every file.",
        "datePublished": last if last == NO_DATE else f"{last[:MILLISECOND]}Z",
        "license": crate.add(
            "#licence", "CreativeWork", name="Rights, as far as known", description=LICENCE_NOTE
        ),
        "conformsTo": crate.add(
            PROFILE, ["CreativeWork", "Profile"], name="Process Run Crate", version="0.6"
        ),
        "isBasedOn": list(sources.values()),
        "hasPart": parts,
        "mentions": [*actions, export],
    }
    return {"@context": f"{SPECIFICATION}/context", "@graph": list(crate.entities.values())}


def _add_file(crate: _Crate, file: FinishedFile) -> Reference:
    resource = file.resource
    counted = "" if file.records is None else f": {file.records:,} records"
    return crate.add(
        resource.path,
        "File",
        name=f"{resource.path}{counted}",
        description=resource.description,
        encodingFormat=resource.mediatype,
        contentSize=f"{file.bytes}",
        sha256=file.sha256,
        conformsTo=None if resource.schema is None else _add_profile(crate, resource.schema),
    )


def _add_profile(crate: _Crate, name: str) -> Reference:
    schema = read_schema(name)
    return crate.add(
        f"#{name}",
        ["CreativeWork", "Profile"],
        name=f"Schema of {schema['title'][:1].lower()}{schema['title'][1:]}",
        description=f"A JSON Schema, and a Table Schema; {MANIFEST} has both.",
        version=SCHEMA_VERSION,
        isPartOf=_to(MANIFEST),
    )


def _add_manifest(crate: _Crate, manifest: ManifestFile) -> Reference:
    return crate.add(
        MANIFEST,
        "File",
        name="Manifest",
        description="A Data Package: schema, size and digest of each file of records, and the"
        " policy on redacted spans.",
        encodingFormat="application/json",
        contentSize=f"{manifest.bytes}",
        sha256=manifest.sha256,
    )


def _add_digests(crate: _Crate) -> list[Reference]:
    """Without digests: they have that of the crate."""
    return [
        crate.add(
            DIGESTS,
            "File",
            name="Digests",
            description="The SHA-256 of every file, as `sha256sum --check` reads it.",
            encodingFormat="text/plain",
        ),
        crate.add(
            f"{LINE_DIGESTS}/",
            "Dataset",
            name="Digests of lines",
            description="A file for each of the others, with a line for each of its lines.",
        ),
    ]


def _add_sources(crate: _Crate, db: Connection) -> dict[str, Reference]:
    """By name. A source that copied others is based on those that are in the store."""
    rows = db.execute(SOURCES).all()
    sources = {row.name: _to(f"#source-{_quoted(row.name)}") for row in rows}
    for row in rows:
        copied = json.loads(row.derived_from) if row.derived_from else []
        address = urlsplit(row.url or "")
        publisher = None
        if row.publisher != UNKNOWN:
            name = f"#publisher-{_quoted(row.publisher)}"
            publisher = crate.add(name, "Organization", name=row.publisher)
        crate.add(
            sources[row.name]["@id"],
            "WebSite",
            name=row.name,
            url=f"{address.scheme}://{address.netloc}/" if row.url else None,
            publisher=publisher,
            isBasedOn=[sources[name] for name in copied if name in sources] or None,
        )
    return sources


def _add_run(
    crate: _Crate,
    run: Row[Any],
    warcs: Sequence[Row[Any]],
    digests: dict[str, str],
    sources: dict[str, Reference],
) -> Reference:
    details = json.loads(run.details)
    is_whole = run.state == "finished"
    arguments = "".join(f" -a {name}={value}" for name, value in _arguments(details).items())
    settings = details.get("settings_sha256")
    return crate.add(
        f"#run-{_quoted(run.id)}",
        "CreateAction",
        name=f"Run {run.id}",
        description=f"scrapy crawl {run.spider}{arguments}"
        + (f"; SHA-256 of the settings: {settings}" if settings else ""),
        instrument=_add_software(crate, details.get("code_version", UNKNOWN)),
        object=_known(details, sources),
        result=[
            crate.add(
                f"#{_quoted(warc.warc)}",
                "File",
                name=warc.warc,
                description=f"{warc.captures:,} captures, failures included",
                encodingFormat="application/warc",
                sha256=digests.get(warc.warc),
            )
            for warc in warcs
        ],
        startTime=f"{run.started[:SECOND]}Z",
        endTime=run.finished,
        actionStatus=_to(COMPLETED if is_whole else FAILED),
        error=None if is_whole else run.reason or NO_END,
    )


def _add_older(
    crate: _Crate,
    runs: Sequence[Row[Any]],
    warcs: dict[str, list[Row[Any]]],
    sources: dict[str, Reference],
) -> list[Reference]:
    """One action for all runs by one version of the code."""
    by_version: dict[str, list[Row[Any]]] = {}
    for run in runs:
        version = json.loads(run.details).get("code_version", UNKNOWN)
        by_version.setdefault(version, []).append(run)
    actions = []
    for version, of_version in by_version.items():
        files = [warc for run in of_version for warc in warcs[run.id]]
        of_runs = {
            source["@id"]: source
            for run in of_version
            for source in _known(json.loads(run.details), sources)
        }
        collection = crate.add(
            f"#warc-files-{_quoted(version)}",
            "Collection",
            name=f"{len(files):,} WARC files",
            description=f"{sum(warc.captures for warc in files):,} captures, failures included;"
            " captures.jsonl names the file of each",
        )
        actions.append(
            crate.add(
                f"#runs-{_quoted(version)}",
                "CreateAction",
                name=f"{len(of_version):,} earlier runs, {of_version[0].id} to {of_version[-1].id}",
                description=f"Only the latest {MOST_RUNS:,} runs are described one by one.",
                instrument=_add_software(crate, version),
                object=list(of_runs.values()),
                result=[collection],
                startTime=f"{of_version[0].started[:SECOND]}Z",
                endTime=max((run.finished for run in of_version if run.finished), default=None),
            )
        )
    return actions


def _add_software(crate: _Crate, version: str) -> Reference:
    return crate.add(
        f"#cablecrawl-{_quoted(version)}",
        "SoftwareApplication",
        name="CableCrawl",
        softwareVersion=version,
    )


def _arguments(details: dict[str, Any]) -> dict[str, str]:
    arguments: dict[str, str] = details.get("arguments", {})
    return arguments


def _known(details: dict[str, Any], sources: dict[str, Reference]) -> list[Reference]:
    return [sources[name] for name in details.get("sources", []) if name in sources]


def _to(id: str) -> Reference:
    return {"@id": id}


def _quoted(name: str) -> str:
    """As part of a URI."""
    return quote(name, safe=":@!$&'()*+,;=")


def _digests(db: Connection) -> dict[str, str]:
    """Of the WARC files, which stand beside the database, by name."""
    folder = Path(f"{db.engine.url.database}").parent / WARC_FOLDER
    try:
        return read_manifest(folder)
    except ValueError as error:
        raise CableCrawlError(f"{folder}: {error}; `scrapy verify` says more") from error


RUNS: Select[Any] = select(
    t.run.c.id,
    t.run.c.spider,
    t.run.c.state,
    t.run.c.started,
    t.run.c.finished,
    t.run.c.reason,
    t.run.c.details,
).order_by(t.run.c.id)  # which begins with the time at which it began
WARC_FILES: Select[Any] = (
    select(
        t.capture.c.run,
        t.capture.c.warc,
        func.count().label("captures"),
        func.max(t.capture.c.fetched_at).label("last"),
    )
    .group_by(t.capture.c.run, t.capture.c.warc)
    .order_by(t.capture.c.run, t.capture.c.warc)
)
SOURCES: Select[Any] = select(
    t.source.c.name,
    t.source.c.publisher,
    t.source.c.derived_from,
    select(func.min(t.capture.c.url))
    .where(t.capture.c.source == t.source.c.id)
    .scalar_subquery()
    .label("url"),
).order_by(t.source.c.name)
