"""Whether pywb gives back every capture of a folder, byte for byte."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin

from scrapy.http import Headers

from cablecrawl.capture import payload_sha256, read_members
from cablecrawl.capture.cdxj import url_key
from cablecrawl.capture.exchange import split_response
from cablecrawl.capture.http import parse_head
from cablecrawl.items import REDIRECTS
from tests.replay.pywb_server import Replayed

Verdict = Literal["same", "resolved", "indistinct", "refused", "different"]
"""Of a capture.

- same: pywb gives what the record has.
- resolved: of a revisit, pywb gives what the capture that it stands for has.
- indistinct: another capture of the same key and second, which is all that pywb asks by.
- refused: a redirect to the same key, as from a folder to its slash. pywb never replays one.
- different: anything else.
"""

Replay = Callable[[str, str, str], Replayed]


@dataclass(frozen=True)
class Captured:
    """A record that is to be replayed."""

    url: str
    """Its WARC-Target-URI."""
    second: str
    """`20101222083000`"""
    sha256: str
    """Of the payload; of a revisit, of the one it stands for."""
    status: int | None
    """None: a revisit that has no head of its own."""
    is_revisit: bool
    codings: str
    """Its Content-Encoding."""
    leads_to: str | None
    """Where a redirect leads."""
    place: str
    """WARC file and offset, for people."""

    @property
    def moment(self) -> tuple[str, str]:
        """By which replay finds it."""
        return url_key(self.url), self.second


@dataclass
class Tally:
    """What a replay of many captures came to."""

    counts: Counter[Verdict] = field(default_factory=Counter)
    bytes: int = 0
    differences: list[str] = field(default_factory=list)
    """A line for each capture that is different."""


def captured(warcs: Path) -> Iterator[Captured]:
    """The responses and revisits of the sealed files of a folder. Raises DamagedWarc."""
    for path in sorted(warcs.glob("*.warc.gz")):
        for member in read_members(path):
            if member.kind not in ("response", "revisit"):
                continue
            is_revisit = member.kind == "revisit"
            # That of an unchanged page has no head: pywb would show it as the answer's.
            is_empty = is_revisit and not member.block
            head, payload = (b"", b"") if is_empty else split_response(member.block)
            status, headers = (None, Headers()) if is_empty else parse_head(head)
            location = headers.get("Location")
            url = member.headers["warc-target-uri"]
            stated = member.headers.get("warc-payload-digest", "").removeprefix("sha256:")
            yield Captured(
                url,
                "".join(filter(str.isdigit, member.headers["warc-date"]))[:14],
                stated if is_revisit else payload_sha256(payload),
                status,
                is_revisit,
                b",".join(headers.getlist("Content-Encoding")).decode("latin-1"),
                urljoin(url, location.decode("latin-1"))
                if location is not None and status in REDIRECTS
                else None,
                f"{path.name}:{member.offset}",
            )


def replay_all(
    captures: Iterable[Captured], replay: Replay, progress: Callable[[int], None] | None = None
) -> Tally:
    """Replay every capture; `progress` is told after each how many there were."""
    captures = list(captures)
    at_moment: dict[tuple[str, str], set[str]] = defaultdict(set)
    for capture in captures:
        at_moment[capture.moment].add(capture.sha256)
    tally = Tally()
    for number, capture in enumerate(captures, 1):
        replayed = replay(capture.url, capture.second, capture.codings)
        verdict = _judge(capture, replayed, at_moment[capture.moment])
        tally.counts[verdict] += 1
        tally.bytes += len(replayed.payload)
        if verdict == "different":
            tally.differences.append(
                f"{capture.place}: {capture.url}: {replayed.status} with"
                f" {len(replayed.payload):,} bytes where {capture.status} was captured"
            )
        if progress is not None:
            progress(number)
    return tally


def _judge(capture: Captured, replayed: Replayed, at_moment: set[str]) -> Verdict:
    digest = payload_sha256(replayed.payload)
    if replayed.is_capture and digest == capture.sha256:
        if capture.is_revisit:
            return "resolved"
        if replayed.status == capture.status:
            return "same"
    if capture.leads_to is not None and url_key(capture.leads_to) == url_key(capture.url):
        return "refused"
    if replayed.is_capture and digest in at_moment - {capture.sha256}:
        return "indistinct"
    return "different"
