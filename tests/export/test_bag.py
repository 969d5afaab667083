"""Bags: BagIt 1.0, byte for byte, whatever the names of the files are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from bagit import Bag, BagValidationError

from cablecrawl.changed.moments import Moment
from cablecrawl.export.bag import make_bag
from cablecrawl.export.tree import Tree
from cablecrawl.fixity.bag import fault_of_bag
from cablecrawl.fixity.digests import write_digests
from tests.export.conftest import contents

THROUGH = Moment("2026-11-21T18:01:02Z")

HOSTILE = ("07OSLO%0A1", "07OSLO\r\n2", "07OSLO%253", "07\u00c5rhus/../4\ud800")
"""IDs such as no page has had yet; the files of a tree are named after them."""


@pytest.fixture
def bagged(tmp_path: Path) -> Callable[..., Path]:
    """Makes a bag of files by name, and of a text for each of some IDs."""

    def make(files: dict[str, bytes], ids: tuple[str, ...] = (), name: str = "bag") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for path, content in files.items():
            (folder / path).write_bytes(content)
        tree = Tree(folder, "text", ".txt")
        for reference_id in ids:
            tree.add(reference_id, reference_id.encode("utf-8", "surrogatepass"))
        write_digests(folder, {})
        make_bag(folder, THROUGH)
        return folder

    return make


def test_a_bag_is_what_the_rfc_says(bagged: Callable[..., Path]) -> None:
    bag = bagged({"cables.csv": b"reference_id\r\n", "cables.jsonl": b"{}\n"})
    files = contents(bag)
    assert sorted(files) == [
        "bag-info.txt",
        "bagit.txt",
        "data/MANIFEST-sha256.txt",
        "data/cables.csv",
        "data/cables.jsonl",
        "manifest-sha256.txt",
        "tagmanifest-sha256.txt",
    ]
    assert files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    info = dict(line.split(": ", 1) for line in files["bag-info.txt"].decode().splitlines())
    assert info["Bagging-Date"] == "2026-11-21"
    payload = [content for name, content in files.items() if name.startswith("data/")]
    assert info["Payload-Oxum"] == f"{sum(map(len, payload))}.{len(payload)}"
    listed = {**lines(files["manifest-sha256.txt"]), **lines(files["tagmanifest-sha256.txt"])}
    assert listed == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != "tagmanifest-sha256.txt"
    }
    assert Bag(str(bag)).validate()


def lines(content: bytes) -> dict[str, str]:
    """Digests by name."""
    assert content.endswith(b"\n")
    pairs = (line.split("  ") for line in content.decode().split("\n")[:-1])
    return {name: digest for digest, name in pairs}


def test_the_same_files_give_the_same_bag(bagged: Callable[..., Path]) -> None:
    files = {name: name.encode() for name in ("b", "a", "c")}
    one = bagged(files, HOSTILE, "one")
    other = bagged(dict(reversed(files.items())), HOSTILE[::-1], "other")
    assert contents(one) == contents(other)


def test_hostile_names_are_encoded_and_found_again(bagged: Callable[..., Path]) -> None:
    bag = bagged({"a\rb%0D": b"", "100%": b""}, HOSTILE)
    said = lines((bag / "manifest-sha256.txt").read_bytes())
    assert "data/a%0Db%250D" in said
    assert "data/100%25" in said
    assert "data/text/2007/07OSLO%25250A1.txt" in said
    decoded = {
        name.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"): digest
        for name, digest in said.items()
    }
    assert decoded == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in contents(bag).items()
        if name.startswith("data/")
    }
    assert fault_of_bag(bag) is None


def test_the_library_does_not_decode_a_percent_sign(bagged: Callable[..., Path]) -> None:
    """When this fails it has learnt to (issue 157), and fixity/bag.py must not any more."""
    with pytest.raises(BagValidationError, match="100%25 exists in manifest but was not found"):
        Bag(str(bagged({"100%": b""}))).validate()


def test_a_bag_of_an_older_version_has_its_names_as_they_are(bagged: Callable[..., Path]) -> None:
    bag = bagged({"100%25": b""})
    (bag / "tagmanifest-sha256.txt").unlink()
    for name, now, then in (
        ("bagit.txt", b"1.0", b"0.97"),
        ("manifest-sha256.txt", b"%2525", b"%25"),
    ):
        (bag / name).write_bytes((bag / name).read_bytes().replace(now, then))
    assert fault_of_bag(bag) is None


def test_a_file_with_another_name_is_named(bagged: Callable[..., Path]) -> None:
    bag = bagged({"100%": b""})
    (bag / "data" / "100%").rename(bag / "data" / "200%")
    fault = fault_of_bag(bag)
    assert fault is not None
    assert "data/100% exists in manifest" in fault and "data/200% exists on filesystem" in fault


def test_a_changed_byte_of_a_bags_own_files_is_said(
    bagged: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    bag = bagged({"cables.csv": b"reference_id\r\n"})
    for name in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt"):
        whole = (bag / name).read_bytes()
        for place, byte in enumerate(whole):
            for bit in (0x20, 0x80):
                changed = whole[:place] + bytes([byte ^ bit]) + whole[place + 1 :]
                (bag / name).write_bytes(changed)
                assert fault_of_bag(bag), (name, place, bit)
        (bag / name).write_bytes(whole)
    assert fault_of_bag(bag) is None
    assert not caplog.records


def test_the_bag_is_made_without_leaving_the_folder_that_one_is_in(
    bagged: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> None:
        raise AssertionError(f"changed to {path}")

    monkeypatch.setattr(os, "chdir", refuse)
    bagged({"cables.csv": b""})
