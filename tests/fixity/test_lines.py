"""Digests of lines: which line is another one, also where the byte was a line's end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cablecrawl.fixity.hashed import HashedFile
from cablecrawl.fixity.lines import (
    LineDigests,
    Mismatch,
    Record,
    differing_lines,
    digests_path,
    line_digest,
    records_by_content,
    records_by_digest,
)

LINES = [b'{"reference_id": "07OSLO9001"}\n', b"\n", b"a\n", b"b b b\n", b"a\n", b"\x85\xff\n"]
CSV = [b"id,body\r\n", b'1,"two\r\nlines, ""quoted"""\r\n', b"2,\r\n", b'3,"\r\n\r\n"\r\n']


def write(folder: Path, records: Sequence[bytes]) -> tuple[Path, Path]:
    path = folder / "file"
    path.write_bytes(b"".join(records))
    (folder / "fixity").mkdir(exist_ok=True)
    digests = folder / digests_path("file")
    digests.write_bytes(b"".join(map(line_digest, records)))
    return path, digests


def read(path: Path, digests: Path) -> tuple[list[Record], Mismatch]:
    mismatch = Mismatch()
    with HashedFile(path) as file:
        return list(records_by_digest(file, digests, mismatch)), mismatch


def differing(mismatch: Mismatch) -> list[int]:
    return [record.number for record in mismatch.records]


def test_what_is_written_with_a_file_is_a_line_for_each_of_its_records(tmp_path: Path) -> None:
    digests = LineDigests(tmp_path, "cables.jsonl")
    digests.add(b"abc")
    digests.add(b"")
    digests.finish()
    digests.close()
    assert (tmp_path / "fixity" / "cables.jsonl.txt").read_text() == (
        "ba7816bf8f01cfea 3\ne3b0c44298fc1c14 0\n"
    )


@pytest.mark.parametrize("records", [LINES, CSV], ids=["lines", "csv"])
def test_every_changed_byte_is_found_in_its_record(tmp_path: Path, records: list[bytes]) -> None:
    path, digests = write(tmp_path, records)
    content = path.read_bytes()
    at = 0
    for number, record in enumerate(records, 1):
        for _ in record:
            changed = bytearray(content)
            changed[at] ^= 1 << at % 8
            path.write_bytes(changed)
            assert differing(read(path, digests)[1]) == [number], at
            at += 1


@given(st.data())
def test_the_records_around_a_gap_are_found_again(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes added to one record, or taken from it."""
    records = data.draw(st.lists(st.binary(min_size=2), min_size=1, max_size=8, unique=True))
    number = data.draw(st.integers(1, len(records)))
    hit = records[number - 1]
    other = data.draw(st.binary().filter(lambda content: content != hit))
    folder = tmp_path_factory.mktemp("gap")
    path, digests = write(folder, records)
    path.write_bytes(b"".join([*records[: number - 1], other, *records[number:]]))
    found, mismatch = read(path, digests)
    if len(other) == len(hit) or number < len(records):
        assert number in differing(mismatch) or mismatch.missing
        untouched = {record.number for record in found} - set(differing(mismatch))
        assert all(found[n - 1].content == records[n - 1] for n in untouched)
    else:
        assert mismatch.count or mismatch.missing or mismatch.surplus


def test_a_lost_byte_costs_one_record(tmp_path: Path) -> None:
    path, digests = write(tmp_path, LINES)
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + content[at + 1 :])
        _, mismatch = read(path, digests)
        lost = content[: at + 1].count(b"\n") + (content[at : at + 1] != b"\n")
        assert mismatch.count <= 1, at
        # The second record is a line's end alone: it, or the one before it, may be the lost one.
        assert differing(mismatch) == [lost] or at in (len(LINES[0]) - 1, len(LINES[0])), at


def test_a_cut_file_lacks_its_last_records(tmp_path: Path) -> None:
    path, digests = write(tmp_path, LINES)
    path.write_bytes(b"".join(LINES[:4]))
    _, mismatch = read(path, digests)
    assert (mismatch.count, mismatch.missing) == (0, 2)


def test_what_stands_behind_the_last_record_is_named(tmp_path: Path) -> None:
    path, digests = write(tmp_path, LINES)
    path.write_bytes(b"".join([*LINES, b"more\n"]))
    _, mismatch = read(path, digests)
    assert differing(mismatch) == [6] or mismatch.surplus is not None


@pytest.mark.parametrize("records", [LINES, CSV], ids=["lines", "csv"])
def test_without_digests_records_are_told_by_their_ends(
    tmp_path: Path, records: list[bytes]
) -> None:
    path, digests = write(tmp_path, records)
    with_digests, _ = read(path, digests)
    assert list(records_by_content(path, is_csv=records is CSV)) == with_digests
    assert [record.content for record in with_digests] == records
    lines = [1]
    for record in records:
        lines.append(lines[-1] + record.count(b"\n"))
    assert [record.line for record in with_digests] == lines[:-1]


def test_a_changed_digest_is_found_on_its_line(tmp_path: Path) -> None:
    path, digests = write(tmp_path, LINES)
    content = digests.read_bytes()
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1
        digests.write_bytes(changed)
        records = list(records_by_content(path, is_csv=False))
        numbers = [number for number, _ in differing_lines(digests, records)]
        assert numbers[:1] == [content[:at].count(b"\n") + 1], at
