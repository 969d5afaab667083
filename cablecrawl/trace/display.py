"""A trace as lines of a terminal."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, TextIO

from cablecrawl.collation.hidden import HIDDEN
from cablecrawl.trace.records import (
    CableTrace,
    CaptureTrace,
    ClaimTrace,
    FieldTrace,
    RivalTrace,
)

INDENT = "    "
# Of a list of claims or rivals, --json has all.
SHOWN = 5
# Longer texts are shown by their ends, their length and their digest.
LONGEST = 240
ENDS = 100
# Below this, lines that are indented are hardly lines.
NARROWEST, WIDEST = 60, 120
ESCAPES = {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
# What a line is made of: a colour, which takes no room; blanks; a word.
TOKEN = re.compile(r"\x1b\[\d+m| +|[^ \x1b]+")
BOLD, DIM, RED, GREEN, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[0m"


class Display:
    """Writes traces, as wide as the terminal; without colours where there is none."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._has_colours = self._out.isatty() and not os.environ.get("NO_COLOR")
        columns = shutil.get_terminal_size((100, 24)).columns
        self._width = min(max(columns, NARROWEST), WIDEST)

    def show(self, trace: CableTrace) -> None:
        """Write a trace."""
        numbers = {capture_id: n for n, capture_id in enumerate(trace.captures, start=1)}
        self._heading(trace)
        for name, field in trace.fields.items():
            self._line()
            self._field(name, field, numbers)
        self._line()
        self._captures(trace, numbers)
        self._runs(trace)
        if trace.verified is not None:
            self._line()
            self._outcome(trace)

    def _heading(self, trace: CableTrace) -> None:
        self._line(self._bold(trace.reference_id))
        if trace.stated != trace.reference_id:
            self._wrapped(f"{visible(trace.stated)} is a spelling of it: {trace.spelling}", 1)
        chosen = trace.chosen
        self._wrapped(
            f"chosen: {visible(chosen.source)} {visible(chosen.url)} ({chosen.layout}), reading"
            f" {chosen.reading_sha256[:12]}, by {chosen.chosen_by}: {chosen.why}",
            1,
        )
        if trace.redacted_spans == "hidden":
            self._wrapped(
                "[hidden] stands for what another reading hides; -s SHOW_REDACTED_SPANS=1 shows it",
                1,
            )
        elif trace.redacted_spans == "shown":
            self._wrapped("what other readings hide is shown: SHOW_REDACTED_SPANS is on", 1)

    def _field(self, name: str, field: FieldTrace, numbers: dict[str, int]) -> None:
        verdict = ""
        if field.findings is not None:
            stages = dict.fromkeys(finding.stage for finding in field.findings)
            broken = self._red(f"  breaks at {', '.join(stages)}")
            verdict = self._green("  ok") if not stages else broken
        self._line(f"{self._bold(name)}{verdict}")
        for line in _value_lines(field.value):
            self._wrapped(line, 1)
        self._labelled(field.how, f"{field.from_what}")
        if field.note:
            self._labelled("note", field.note)
        if field.taken_out:
            parts = [f"{visible(what)} {n:,}" for what, n in sorted(field.taken_out.items())]
            self._labelled("taken out", f"{', '.join(parts)} characters of page text")
        for place, claim in enumerate(field.claims[:SHOWN]):
            self._claim(name, claim, numbers, field.claims[place - 1] if place else None)
        self._and_more(len(field.claims) - SHOWN, "claims")
        self._rivals(field)
        if field.rivals and not all(rival.agrees for rival in field.rivals) or name == "chosen_by":
            self._labelled("why", field.why)
        for finding in field.findings or ():
            self._labelled("broken", f"{finding.stage}: {visible(finding.where)}: {finding.detail}")

    def _claim(
        self, name: str, claim: ClaimTrace, numbers: dict[str, int], previous: ClaimTrace | None
    ) -> None:
        number = numbers[claim.capture_id]
        said = f"{claim.asserted_by}, by {claim.rule}"
        if claim.basis:
            said += f", {claim.basis}, {claim.confidence}"
        if claim.field != name or claim.ordinal:
            said = f"{claim.field}[{claim.ordinal}] = {shortened(claim.value)}: {said}"
        if not claim.current:
            said += " (withdrawn by a later capture)"
        if claim.start is None or claim.end is None:
            self._labelled("claim", f"{said}; not located, in capture {number}")
            return
        place = f"characters {claim.start:,} to {claim.end:,} of capture {number}"
        self._labelled("claim", f"{said}; {place}")
        if previous is None or _place(previous) != _place(claim):
            self._labelled("quote", self._quoted(claim))

    def _quoted(self, claim: ClaimTrace) -> str:
        if claim.before is None or claim.after is None:
            return f"[[{visible(claim.quote or '')}]] (its record cannot be read)"
        quote = claim.quote
        if quote is None:
            quote = f"{claim.begins} … {claim.ends}" if claim.ends else claim.begins or ""
        elif len(quote) > LONGEST:
            quote = f"{quote[:ENDS]} … {quote[-ENDS:]}"
        before = self._dim(f"…{visible(claim.before)}")
        after = self._dim(f"{visible(claim.after)}…")
        return f"{before}{self._bold(f'[[{visible(quote)}]]')}{after}"

    def _rivals(self, field: FieldTrace) -> None:
        agreeing = [rival for rival in field.rivals if rival.agrees and rival.standing != "former"]
        others = [rival for rival in field.rivals if not rival.agrees]
        if agreeing:
            sources = Counter(rival.source for rival in agreeing)
            listed = ", ".join(
                f"{visible(name)}{f' ({n})' if n > 1 else ''}" for name, n in sources.items()
            )
            self._labelled("same in", listed)
        for rival in others[:SHOWN]:
            self._labelled("but", _rival(rival))
        self._and_more(len(others) - SHOWN, "that differ")

    def _and_more(self, count: int, what: str) -> None:
        if count > 0:
            self._labelled("", f"and {count:,} more {what}: --json has all")

    def _captures(self, trace: CableTrace, numbers: dict[str, int]) -> None:
        for capture_id, capture in trace.captures.items():
            self._line(self._bold(f"capture {numbers[capture_id]}"))
            for line in _capture_lines(capture_id, capture):
                self._wrapped(line, 1)

    def _runs(self, trace: CableTrace) -> None:
        for run_id, run in trace.runs.items():
            arguments = " ".join(f"-a {name}={value}" for name, value in run.arguments.items())
            self._line(self._bold(f"run {run_id}"))
            self._wrapped(
                f"{run.spider} {visible(arguments)}".rstrip() + f", began {run.started},"
                f" {run.state}",
                1,
            )
            self._wrapped(f"code {run.code_version or 'unknown'}", 1)
            for what, digest in (("steps", run.steps_sha256), ("settings", run.settings_sha256)):
                if digest is not None:
                    self._wrapped(f"{what} SHA-256 {digest}", 1)

    def _outcome(self, trace: CableTrace) -> None:
        broken = [name for name, field in trace.fields.items() if field.findings]
        if not broken:
            count = len(trace.fields)
            what = f"the {count} fields follow" if count > 1 else "the field follows"
            self._line(self._green(f"ok: {what} from the bytes"))
        else:
            self._wrapped(self._red(f"not verified: {', '.join(broken)}"), 0)
            if not trace.read_by_this_code:
                self._wrapped(
                    "other code has read the store, which may be why: `scrapy reparse` reads all"
                    " captures with the code of today",
                    0,
                )

    def _labelled(self, label: str, text: str) -> None:
        lead = f"{INDENT}{label:<9} "
        self._write(text, lead, " " * len(lead))

    def _wrapped(self, text: str, depth: int) -> None:
        self._write(text, INDENT * depth, INDENT * (depth + 1))

    def _write(self, text: str, first: str, following: str) -> None:
        for line in _wrap(text, self._width, first, following):
            self._line(line)

    def _line(self, text: str = "") -> None:
        self._out.write(f"{text.rstrip()}\n")

    def _bold(self, text: str) -> str:
        return self._coloured(text, BOLD)

    def _dim(self, text: str) -> str:
        return self._coloured(text, DIM)

    def _red(self, text: str) -> str:
        return self._coloured(text, RED)

    def _green(self, text: str) -> str:
        return self._coloured(text, GREEN)

    def _coloured(self, text: str, code: str) -> str:
        return f"{code}{text}{PLAIN}" if self._has_colours else text


def visible(text: str) -> str:
    """A text in one line, what a terminal would not print or would act on as escapes."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join([_visible(character) for character in text])


def _visible(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if character.isprintable():
        return character
    number = ord(character)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def shortened(text: str) -> str:
    """A text in one line; a long one by its two ends, its length and its digest."""
    if len(text) <= LONGEST:
        return visible(text)
    ends = f"{visible(text[:ENDS])} … {visible(text[-ENDS:])}"
    if HIDDEN in text:  # its digest would be that of no text there is
        return f"{ends} ({len(text):,} characters, with some hidden)"
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{ends} ({len(text):,} characters, SHA-256 {digest})"


def _place(claim: ClaimTrace) -> tuple[str, int | None, int | None]:
    return claim.capture_id, claim.start, claim.end


def _value_lines(value: Any) -> Iterator[str]:
    match value:
        case None | [] | "":
            yield "none" if value != "" else "an empty text"
        case str():
            yield shortened(value)
        case list() if all(isinstance(each, str) for each in value):
            yield ", ".join(shortened(each) for each in value)
        case list():
            for each in value:
                yield _one_line(each)
        case _:
            yield _one_line(value)


def _one_line(value: Any) -> str:
    if isinstance(value, dict):
        pairs = ((name, each) for name, each in value.items() if each not in (None, "", []))
        return ", ".join(f"{name} {_one_line(each)}" for name, each in pairs)
    if isinstance(value, str):
        return shortened(value)
    return visible(json.dumps(value, ensure_ascii=False))


def _rival(rival: RivalTrace) -> str:
    value = "; ".join(_value_lines(rival.value))
    by = f", {', '.join(rival.asserted_by)}" if rival.asserted_by else ""
    standing = {
        "latest": "",
        "earlier": ", an earlier reading",
        "withdrawn": ", withdrawn by a later capture",
        "further": ", further in the same reading",
        "former": f", until the reparse of {rival.until}",
    }[rival.standing]
    return f"{value} ({visible(rival.source)} {visible(rival.locator)}{by}{standing})"


def _capture_lines(capture_id: str, capture: CaptureTrace) -> Iterator[str]:
    status = f"status {capture.status}" if capture.status is not None else "no status"
    yield f"{visible(capture.url)}"
    yield f"{capture.fetched_at}, {status}, {capture.outcome}: {visible(', '.join(capture.events))}"
    yield (
        f"{capture.warc}, bytes {capture.offset:,} to {capture.offset + capture.length:,}:"
        f" {capture_id}"
    )
    yield f"body of {capture.payload_length:,} bytes, SHA-256 {capture.payload_sha256}"
    if capture.revisit_of is not None:
        yield f"a revisit: the body is that of {capture.revisit_of}"
    if capture.unreadable is not None:
        yield f"cannot be read: {visible(capture.unreadable)}"
    elif capture.encoding is not None:
        codings = (
            f"{', '.join(map(visible, capture.content_codings))}, "
            if capture.content_codings
            else ""
        )
        replaced = f", {capture.replaced:,} sequences replaced" if capture.replaced else ""
        yield (
            f"decoded: {codings}{capture.encoding} ({capture.decoding}){replaced},"
            f" {capture.characters:,} characters"
        )
    if capture.reparsed_at is not None:
        yield f"read again at {capture.reparsed_at} by code {capture.code_version}"
    yield f"source {visible(capture.source)}, run {capture.run}"


def _wrap(text: str, width: int, first: str, following: str) -> Iterator[str]:
    """Lines no wider than `width`, broken at blanks; a longer word is broken where it must be."""
    line, used = first, len(first)
    room = width - len(following)
    for token in TOKEN.findall(text):
        if token[0] == "\x1b":
            line += token
            continue
        if token[0] == " " and used + len(token) > width:
            continue  # a line breaks here
        while used + len(token) > width:
            if used > len(following) and len(token) <= room:
                yield line
                line, used = following, len(following)
                continue
            part = max(width - used, 0)
            yield line + token[:part]
            token = token[part:]
            line, used = following, len(following)
        line += token
        used += len(token)
    yield line
