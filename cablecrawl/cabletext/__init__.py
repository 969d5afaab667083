"""Reading what a cable says of itself: header, labelled lines, marks."""

from __future__ import annotations

from cablecrawl.cabletext.executive_order import read_executive_order
from cablecrawl.cabletext.finding import Finding, Part
from cablecrawl.cabletext.heading import read_heading
from cablecrawl.cabletext.markings import read_sipdis
from cablecrawl.cabletext.own_id import read_own_id
from cablecrawl.cabletext.partial import read_partial_extract
from cablecrawl.cabletext.redaction import read_redaction_marks
from cablecrawl.cabletext.references import read_references
from cablecrawl.cabletext.routing import read_inner_routing, read_routing
from cablecrawl.cabletext.subject import read_subject
from cablecrawl.cabletext.tags import read_tags

__all__ = ["Finding", "Part", "read_cable"]


def read_cable(header: str, body: str) -> list[Finding]:
    """Every field that can be read from a cable's verbatim header and body.

    A field that is not there gives no Finding. Never raises; the time is linear in the text.
    """
    heading = read_heading(body)
    return [
        *read_routing(header, "header"),
        *read_inner_routing(body),
        *read_own_id(heading),
        *read_sipdis(body),
        *read_executive_order(heading),
        *read_tags(heading),
        *read_subject(heading),
        *read_references(heading),
        *read_partial_extract(header, "header"),
        *read_partial_extract(body, "body"),
        *read_redaction_marks(header, "header"),
        *read_redaction_marks(body, "body"),
    ]
