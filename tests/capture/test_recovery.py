"""Files a crash left: what was complete is kept, what was torn is put aside."""

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from cablecrawl.capture import (
    DamagedWarc,
    Exchange,
    SealedFile,
    payload_sha256,
    read_exchanges,
    read_manifest,
    read_members,
    read_response,
    recover,
)
from cablecrawl.capture.cdxj import index_lines
from tests.capture.exchanges import failure, page, write

FASTWARC = Path(sys.executable).with_name("fastwarc")
ROOT = Path(__file__).parents[2]
OPEN = "run-00001.warc.gz.open"
SEALED = "run-00001.warc.gz"
INDEX = "run-00001.cdxj"
TAIL = "run-00001.warc.gz.tail.bad"

EXCHANGES = (page(1), failure(2), failure(3, request=b""), page(4, payload=b""))


def crashed(folder: Path, *exchanges: Exchange) -> Path:
    return write(folder, *exchanges, seal=False)


def ends(path: Path) -> list[int]:
    """Where each exchange ends."""
    return [location.offset + location.length for _, location in read_exchanges(path)]


def recovered(path: Path, verified_end: int = 0) -> tuple[list[Exchange], SealedFile | None]:
    """Adopts and seals, as a start of the program does; exchanges with the payloads they have."""
    recovery = recover(path, verified_end)
    adopted = [found.exchange for found in recovery.exchanges()]
    return adopted, recovery.seal()


def captures(path: Path) -> list[str]:
    return [exchange.capture_id for exchange, _ in read_exchanges(path)]


def fastwarc_check(path: Path) -> None:
    subprocess.run([FASTWARC, "check", "--quiet", path], check=True)


def test_a_file_cut_anywhere_keeps_its_complete_exchanges_and_its_tail(tmp_path: Path) -> None:
    whole = crashed(tmp_path / "whole", *EXCHANGES)
    data = whole.read_bytes()
    boundaries = ends(whole)
    members = {member.end for member in read_members(whole)}
    near = {end + step for end in {0, *members} for step in range(-9, 10)}
    for cut in sorted({*range(0, len(data), 5), *near} & {*range(len(data) + 1)}):
        folder = tmp_path / str(cut)
        folder.mkdir()
        path = folder / OPEN
        path.write_bytes(data[:cut])
        complete = [end for end in boundaries if end <= cut]
        expected = [exchange.capture_id for exchange in EXCHANGES[: len(complete)]]

        adopted, sealed = recovered(path)

        assert [exchange.capture_id for exchange in adopted] == expected
        kept = complete[-1] if complete else 0
        tail = (folder / TAIL).read_bytes() if (folder / TAIL).exists() else b""
        assert not path.exists()
        if sealed is None:
            assert not complete
            assert not (folder / SEALED).exists()
            # A warcinfo alone, when it is whole, is nothing to keep.
            assert tail in (data[:cut], data[min(members) : cut])
        else:
            stored = (folder / SEALED).read_bytes()
            assert stored[:kept] + tail == data[:cut]
            assert captures(folder / SEALED) == expected
            assert sealed.sha256 == sha256(stored).hexdigest()
            if any(abs(cut - end) <= 1 for end in members):
                fastwarc_check(folder / SEALED)
                subprocess.run(["gzip", "-t", folder / SEALED], check=True)
        shutil.rmtree(folder)


def test_a_torn_response_takes_its_metadata_and_request_with_it(tmp_path: Path) -> None:
    path = crashed(tmp_path, page(1), page(2))
    first, _ = ends(path)
    torn = path.read_bytes()[:-1]
    path.write_bytes(torn)
    adopted, _ = recovered(path)
    assert [exchange.capture_id for exchange in adopted] == [page(1).capture_id]
    assert (tmp_path / TAIL).read_bytes() == torn[first:]


# Without the time, which would give each process of the tests another name for the last one.
JUNK = [bytes(5_000), b"\x1f\x8b\x08", b"torn", gzip.compress(b"torn", mtime=0)]


@pytest.mark.parametrize("junk", JUNK)
def test_what_is_no_exchange_is_put_aside(tmp_path: Path, junk: bytes) -> None:
    path = crashed(tmp_path, *EXCHANGES)
    good = path.read_bytes()
    path.write_bytes(good + junk)
    recovery = recover(path, 0)
    assert path.read_bytes() == good
    assert recovery.tail == tmp_path / TAIL
    assert recovery.tail.read_bytes() == junk
    assert recovery.tail_bytes == len(junk)
    assert recovery.why is not None and f"byte {len(good)}" in recovery.why


def test_a_flipped_bit_ends_the_good_part(tmp_path: Path) -> None:
    source = crashed(tmp_path / "whole", page(1), page(2), page(3))
    data = source.read_bytes()
    first, second, _ = ends(source)
    [_, _, _, _, metadata, _, response, *_] = read_members(source)
    for start, end in ((metadata.offset, metadata.end), (response.offset, response.end)):
        # Past the ten bytes of a gzip header, some of which mean nothing.
        for offset in range(start + 10, end, 7):
            folder = tmp_path / str(offset)
            folder.mkdir()
            bad = bytearray(data)
            bad[offset] ^= 1
            (folder / OPEN).write_bytes(bad)
            adopted, sealed = recovered(folder / OPEN)
            assert [exchange.capture_id for exchange in adopted] == [page(1).capture_id]
            assert (folder / TAIL).read_bytes() == bad[first:]
            assert sealed is not None
    assert second == response.end


def test_only_what_the_database_does_not_have_is_adopted(tmp_path: Path) -> None:
    path = crashed(tmp_path, *EXCHANGES)
    for number, end in enumerate(ends(path), 1):
        adopted = [found.exchange.capture_id for found in recover(path, end).exchanges()]
        assert adopted == [exchange.capture_id for exchange in EXCHANGES[number:]]
    last = path.stat().st_size
    assert recovered(path, last)[0] == []
    assert captures(tmp_path / SEALED) == [exchange.capture_id for exchange in EXCHANGES]


def test_an_adopted_exchange_has_all_but_its_payload(tmp_path: Path) -> None:
    path = crashed(tmp_path, page(1))
    [found] = recover(path, 0).exchanges()
    [(whole, location)] = read_exchanges(path)
    assert found.exchange.payload == b""
    assert found.exchange.response_head == whole.response_head
    assert found.exchange.flags == whole.flags
    assert found.location == location
    assert found.payload_length == len(whole.payload)
    assert found.payload_sha256 == payload_sha256(whole.payload)
    assert read_response(tmp_path, found.location)[1] == whole.payload


def test_the_file_says_that_it_was_recovered_and_what_was_cut(tmp_path: Path) -> None:
    path = crashed(tmp_path, page(1))
    path.write_bytes(path.read_bytes() + b"torn")
    _, sealed = recovered(path)
    *_, note = read_members(tmp_path / SEALED)
    assert note.kind == "metadata"
    assert b"what: recovered after crash\r\n" in note.block
    assert f"tail: {TAIL} (4 bytes)\r\n".encode() in note.block
    assert sealed is not None
    assert read_manifest(tmp_path) == {SEALED: sealed.sha256}
    fastwarc_check(tmp_path / SEALED)
    with (tmp_path / SEALED).open("rb") as file:
        kinds = [record.rec_type for record in ArchiveIterator(file, check_digests="raise")]
    assert kinds == ["warcinfo", "metadata", "request", "response", "metadata"]


def test_a_file_shorter_than_the_database_knows_is_left_alone(tmp_path: Path) -> None:
    path = crashed(tmp_path, page(1), page(2))
    _, end = ends(path)
    short = path.read_bytes()[:-10]
    path.write_bytes(short)
    with pytest.raises(DamagedWarc, match=f"the database has exchanges to {end}"):
        recover(path, end)
    assert path.read_bytes() == short
    assert [found.exchange.capture_id for found in recover(path, 0).exchanges()] == [
        page(1).capture_id
    ]


def test_no_tail_is_overwritten_and_none_is_kept_twice(tmp_path: Path) -> None:
    path = crashed(tmp_path, page(1))
    good = path.read_bytes()
    for junk in (b"first", b"second", b"first"):
        path.write_bytes(good + junk)
        recover(path, 0)
    tails = sorted(tmp_path.glob("*.tail.bad*"))
    assert [tail.name for tail in tails] == [TAIL, f"{TAIL}.2"]
    assert [tail.read_bytes() for tail in tails] == [b"first", b"second"]


def test_nothing_is_cut_when_there_is_no_space_for_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = crashed(tmp_path, page(1))
    torn = path.read_bytes() + b"torn"
    path.write_bytes(torn)

    def fail(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(shutil, "copyfileobj", fail)
        with pytest.raises(OSError, match="No space"):
            recover(path, 0)
    assert path.read_bytes() == torn
    assert [entry.name for entry in tmp_path.iterdir()] == [OPEN]


# Kills its process before the Nth step that reaches the disk.
KILLED_RECOVERY = """
import os, signal, sys
from pathlib import Path
from cablecrawl.capture import recover
import cablecrawl.capture.warc, io

left = int(sys.argv[2])

def stepping(call):
    def step(*args, **kwargs):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return step

class SteppingFile(io.FileIO):
    def write(self, data):
        # Half of a note is the worst that can be left of it.
        super().write(memoryview(data)[: len(data) // 2])
        self.flush()
        stepping(os.fsync)(self.fileno())
        self.seek(-(len(data) // 2), 1)
        return super().write(data)

for name in ("fsync", "replace", "rename", "unlink", "chmod"):
    setattr(os, name, stepping(getattr(os, name)))
cablecrawl.capture.recovery.FileIO = SteppingFile
recovery = recover(Path(sys.argv[1]), 0)
list(recovery.exchanges())
recovery.seal()
"""


def test_recovery_killed_at_any_step_and_run_again_ends_the_same(tmp_path: Path) -> None:
    torn = b"\x1f\x8b torn"
    kills = 0
    while True:
        folder = tmp_path / str(kills)
        path = crashed(folder, *EXCHANGES)
        good = path.read_bytes()
        path.write_bytes(good + torn)
        command = [sys.executable, "-c", KILLED_RECOVERY, str(path), str(kills)]
        killed = subprocess.run(command, cwd=ROOT, check=False).returncode
        if killed == 0:
            break
        assert killed == -signal.SIGKILL
        if path.exists():
            adopted, _ = recovered(path)
            assert len(adopted) == len(EXCHANGES)
        sealed = folder / SEALED
        assert sealed.read_bytes()[: len(good)] == good
        assert captures(sealed) == [exchange.capture_id for exchange in EXCHANGES]
        assert [member.is_note for member in read_members(sealed)].count(True) == 1
        assert read_manifest(folder) == {SEALED: sha256(sealed.read_bytes()).hexdigest()}
        assert (folder / TAIL).read_bytes() == torn
        fastwarc_check(sealed)
        assert {entry.name.removesuffix(".2") for entry in folder.iterdir()} == {
            SEALED,
            INDEX,
            TAIL,
            "MANIFEST-sha256.txt",
        }
        assert (folder / INDEX).read_bytes() == b"".join(sorted(index_lines(sealed)))
        kills += 1
    assert kills >= 8


# Says the ID of each exchange once it is stored, until it is killed.
CRAWL = """
import os, sys
from pathlib import Path
from cablecrawl.capture import WarcWriter, encode_exchange
from tests.capture.exchanges import page

writer = WarcWriter(Path(sys.argv[1]), "run", {}, max_bytes=200_000)
number = 0
while True:
    batch = [page(number + i, payload=os.urandom(5_000)) for i in range(1 + number % 3)]
    writer.append([encode_exchange(exchange) for exchange in batch])
    number += len(batch)
    os.write(1, "".join(f"{exchange.capture_id}\\n" for exchange in batch).encode())
"""


def test_kill_9_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    chance = random.Random(1)
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        command = [sys.executable, "-c", CRAWL, str(folder)]
        crawl = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert crawl.stdout is not None
        said = [crawl.stdout.readline() for _ in range(chance.randrange(1, 150))]
        crawl.kill()
        said += crawl.communicate()[0].splitlines(keepends=True)
        stored = [line.decode().strip() for line in said if line.endswith(b"\n")]

        for path in folder.glob("*.open"):
            recovered(path)
        files = sorted(folder.glob("*.warc.gz"))
        kept = [capture for path in files for capture in captures(path)]
        assert kept[: len(stored)] == stored
        assert len(kept) == len({*kept})
        assert list(read_manifest(folder)) == [path.name for path in files]
        for path in files:
            fastwarc_check(path)


def test_a_file_that_was_about_to_be_sealed_is_sealed(tmp_path: Path) -> None:
    path = write(tmp_path, page(1))
    os.rename(path, tmp_path / OPEN)  # listed and read-only, as a kill before the renaming left it
    _, sealed = recovered(tmp_path / OPEN)
    assert sealed is not None
    manifest = (tmp_path / "MANIFEST-sha256.txt").read_text()
    assert manifest == f"{sealed.sha256}  {SEALED}\n"
    assert captures(tmp_path / SEALED) == [page(1).capture_id]


def test_a_file_recovered_but_not_renamed_is_sealed_as_it_is(tmp_path: Path) -> None:
    _, first = recovered(crashed(tmp_path, page(1)))
    before = (tmp_path / SEALED).read_bytes()
    os.rename(tmp_path / SEALED, tmp_path / OPEN)
    _, second = recovered(tmp_path / OPEN)
    assert first == second
    assert (tmp_path / SEALED).read_bytes() == before
    assert list(tmp_path.glob("*.tail.bad*")) == []


def test_an_open_file_never_replaces_a_sealed_one(tmp_path: Path) -> None:
    path = write(tmp_path, page(1))
    before = path.read_bytes()
    shutil.copy(path, tmp_path / OPEN)
    with pytest.raises(FileExistsError):
        recovered(tmp_path / OPEN)
    assert path.read_bytes() == before
