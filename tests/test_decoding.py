"""From bytes to characters: whole or refused, and by a rule that is named."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cablecrawl.decoding import (
    Content,
    TooLargeError,
    UndecodableError,
    decode_content,
    decode_document,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BODY = b"<html><p>The tram that stops for nobody stopped twice in March, and once in April.</p>" * 9


def zstd_with_checksum(body: bytes) -> bytes:
    return zstd.compress(body, options={zstd.CompressionParameter.checksum_flag: 1})


def bare_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "bare deflate": ("deflate", bare_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd_with_checksum),
}
each_coding = pytest.mark.parametrize(
    ("coding", "encode"), [pytest.param(*coder, id=name) for name, coder in CODERS.items()]
)
# A brotli stream has no checksum, nor has bare deflate: a flipped bit can give another text.
each_checked_coding = pytest.mark.parametrize(
    ("coding", "encode"),
    [pytest.param(*CODERS[name], id=name) for name in ("gzip", "deflate", "zstd")],
)

# ------------------------------------------------------------------ content codings


@each_coding
def test_a_coding_is_undone(coding: str, encode: Callable[[bytes], bytes]) -> None:
    assert decode_content(encode(BODY), [coding]) == Content(BODY)
    assert decode_content(encode(b""), [coding]) == Content(b"")


def test_a_body_without_a_coding_stays_as_it_is() -> None:
    assert decode_content(BODY, []) == Content(BODY)
    assert decode_content(BODY, ["identity"]) == Content(BODY)
    assert decode_content(BODY, ["", " Identity "]) == Content(BODY)


def test_the_name_of_a_coding_is_read_in_any_case() -> None:
    assert decode_content(gzip.compress(BODY), [" GZip "]) == Content(BODY)


@each_coding
def test_a_body_cut_anywhere_is_refused(coding: str, encode: Callable[[bytes], bytes]) -> None:
    encoded = encode(BODY)
    # Two bytes are what a gzip body is known by; what is shorter is met below.
    first = 2 if "gzip" in coding else 0
    for length in range(first, len(encoded)):
        with pytest.raises(UndecodableError):
            decode_content(encoded[:length], [coding])


@pytest.mark.parametrize("length", [0, 1])
def test_a_gzip_body_cut_within_its_first_two_bytes_is_refused(length: int) -> None:
    with pytest.raises(UndecodableError):
        decode_content(gzip.compress(BODY)[:length], ["gzip"])


@each_checked_coding
def test_no_flipped_bit_gives_another_text(coding: str, encode: Callable[[bytes], bytes]) -> None:
    encoded = encode(BODY)
    for position in range(len(encoded)):
        for bit in range(8):
            flipped = bytearray(encoded)
            flipped[position] ^= 1 << bit
            try:
                content = decode_content(bytes(flipped), [coding])
            except UndecodableError:
                continue
            # Without its first two bytes it is no gzip, and passed on as it is; time stamp and
            # system in the head of a gzip file are of no account.
            assert content.body == BODY or content == Content(bytes(flipped), ("not_encoded",))


@given(body=st.binary(max_size=300), coding=st.sampled_from(["gzip", "deflate", "br", "zstd"]))
@example(body=b"\x1f\x8b", coding="gzip")
@example(body=b"\x78", coding="deflate")
def test_any_bytes_are_decoded_or_refused(body: bytes, coding: str) -> None:
    try:
        content = decode_content(body, [coding], limit=100_000)
    except UndecodableError:
        return
    assert len(content.body) <= 100_000


@given(body=st.binary(max_size=300), codings=st.lists(st.sampled_from(sorted(CODERS)), max_size=3))
def test_what_was_encoded_comes_back(body: bytes, codings: list[str]) -> None:
    encoded = body
    for name in codings:
        encoded = CODERS[name][1](encoded)
    assert decode_content(encoded, [CODERS[name][0] for name in codings]) == Content(body)


def test_two_codings_are_undone_in_reverse_order() -> None:
    encoded = brotli.compress(gzip.compress(BODY))
    assert decode_content(encoded, ["gzip", "br"]) == Content(BODY)
    with pytest.raises(UndecodableError):
        decode_content(encoded, ["br", "gzip", "br"])


def test_a_body_encoded_twice_is_decoded_once_for_each_declared_coding() -> None:
    once = gzip.compress(BODY)
    assert decode_content(gzip.compress(once), ["gzip"]) == Content(once)
    assert decode_content(gzip.compress(once), ["gzip", "gzip"]) == Content(BODY)


def test_an_unknown_coding_is_refused_by_name() -> None:
    with pytest.raises(UndecodableError, match="'compress'"):
        decode_content(BODY, ["gzip", "compress"])


def test_a_plain_body_declared_as_gzip_is_flagged() -> None:
    assert decode_content(BODY, ["gzip"]) == Content(BODY, ("not_encoded",))
    assert decode_content(BODY, ["x-gzip", "identity"]) == Content(BODY, ("not_encoded",))


@pytest.mark.parametrize("coding", ["deflate", "br", "zstd"])
def test_a_plain_body_declared_as_another_coding_is_refused(coding: str) -> None:
    with pytest.raises(UndecodableError):
        decode_content(BODY, [coding])


@pytest.mark.parametrize("junk", [b"\n", b"junk", b"\0\0x", b"<!-- page cache -->"])
def test_bytes_behind_a_gzip_body_are_flagged(junk: bytes) -> None:
    assert decode_content(gzip.compress(BODY) + junk, ["gzip"]) == Content(
        BODY, ("trailing_bytes",)
    )


def test_zeros_behind_a_gzip_body_are_padding() -> None:
    assert decode_content(gzip.compress(BODY) + b"\0" * 512, ["gzip"]) == Content(BODY)


def test_a_gzip_body_may_have_several_members() -> None:
    members = gzip.compress(BODY[:50]) + gzip.compress(b"") + gzip.compress(BODY[50:])
    assert decode_content(members, ["gzip"]) == Content(BODY)


def test_a_gzip_body_whose_last_member_is_cut_is_refused() -> None:
    members = gzip.compress(BODY[:50]) + gzip.compress(BODY[50:])
    with pytest.raises(UndecodableError):
        decode_content(members[:-9], ["gzip"])


# ------------------------------------------------------------------------- limits

MEGABYTE = 1 << 20


def gzip_bomb(size: int) -> bytes:
    return gzip.compress(b"\0" * size, compresslevel=1)


BOMBS: dict[str, Callable[[], tuple[bytes, list[str]]]] = {
    "gzip": lambda: (gzip_bomb(200 * MEGABYTE), ["gzip"]),
    "deflate": lambda: (zlib.compress(b"\0" * (200 * MEGABYTE), 1), ["deflate"]),
    "br": lambda: (brotli.compress(b"\0" * (200 * MEGABYTE), quality=1), ["br"]),
    "zstd": lambda: (zstd.compress(b"\0" * (200 * MEGABYTE)), ["zstd"]),
    "gzip in gzip": lambda: (gzip.compress(gzip_bomb(200 * MEGABYTE)), ["gzip", "gzip"]),
    "many members": lambda: (gzip_bomb(MEGABYTE) * 200, ["gzip"]),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_stopped_at_the_limit(bomb: str) -> None:
    body, codings = BOMBS[bomb]()
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="5,000,000"):
            decode_content(body, codings, limit=5_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * MEGABYTE


@each_coding
def test_the_limit_itself_is_allowed(coding: str, encode: Callable[[bytes], bytes]) -> None:
    assert decode_content(encode(BODY), [coding], limit=len(BODY)).body == BODY
    with pytest.raises(TooLargeError):
        decode_content(encode(BODY), [coding], limit=len(BODY) - 1)


def test_the_limit_holds_for_a_body_without_a_coding() -> None:
    assert decode_content(BODY, [], limit=len(BODY)).body == BODY
    with pytest.raises(TooLargeError):
        decode_content(BODY, [], limit=len(BODY) - 1)


# --------------------------------------------------------------------- characters

CAFE = "The café on Zähringer Straße – “closed”."


def decoded(body: bytes, content_type: str | None = None) -> tuple[str, str, str, int]:
    document = decode_document(body, content_type)
    return document.text, document.encoding, document.rule, document.replaced


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xff\xfe\0\0", "utf-32-le"),
    ],
)
def test_a_byte_order_mark_wins_over_header_and_meta(mark: bytes, encoding: str) -> None:
    text = f"<meta charset=iso-8859-2>{CAFE}"
    assert decoded(mark + text.encode(encoding), "text/html; charset=iso-8859-5") == (
        text,
        encoding,
        "bom",
        0,
    )


def test_damage_behind_a_byte_order_mark_is_counted() -> None:
    assert decoded(b"\xef\xbb\xbfa\xffb\xe2\x80c") == ("a\ufffdb\ufffdc", "utf-8", "bom", 2)


def test_the_header_wins_over_meta() -> None:
    text = f"<meta charset=iso-8859-2>{CAFE}"
    assert decoded(text.encode(), "text/html; charset=UTF-8") == (text, "utf-8", "header", 0)


@pytest.mark.parametrize(
    "declaration",
    [
        "<meta charset=iso-8859-2>",
        "<meta http-equiv='Content-Type' content='text/html; charset=ISO-8859-2' />",
        "<?xml version='1.0' encoding='iso-8859-2' ?>",
    ],
)
def test_a_page_can_declare_its_own_encoding(declaration: str) -> None:
    text = f"{declaration}<p>Łódź</p>"
    assert decoded(text.encode("iso-8859-2"), "text/html") == (text, "iso8859-2", "meta", 0)


def test_utf8_wins_over_a_western_header() -> None:
    header = "text/html; charset=ISO-8859-1"
    assert decoded(CAFE.encode(), header) == (CAFE, "utf-8", "utf8_over_header", 0)


def test_utf8_wins_over_a_western_meta() -> None:
    text = f"<meta charset=windows-1252>{CAFE}"
    assert decoded(text.encode()) == (text, "utf-8", "utf8_over_meta", 0)


def test_a_western_header_holds_where_the_body_is_no_utf8() -> None:
    header = "text/html; charset=ISO-8859-1"
    assert decoded(CAFE.encode("cp1252"), header) == (CAFE, "cp1252", "header", 0)


def test_a_western_header_holds_for_plain_ascii() -> None:
    assert decoded(b"plain", "text/plain; charset=us-ascii")[2] == "header"


def test_a_header_that_the_bytes_contradict_loses() -> None:
    text = f"<meta charset=iso-8859-2>{CAFE}"
    page = "<meta charset=iso-8859-2><p>Łódź</p>"
    header = "text/html; charset=utf-8"
    assert decoded(page.encode("iso-8859-2"), header) == (page, "iso8859-2", "meta", 0)
    bare = text.removeprefix("<meta charset=iso-8859-2>")
    assert decoded(bare.encode("cp1252"), header) == (bare, "cp1252", "cp1252_fallback", 0)


def test_undeclared_utf8_is_read_as_utf8() -> None:
    assert decoded(CAFE.encode()) == (CAFE, "utf-8", "utf8_valid", 0)
    assert decoded(b"", None) == ("", "utf-8", "utf8_valid", 0)


def test_undeclared_western_text_is_never_guessed_at() -> None:
    # Scrapy 2.19 reads this as cp775.
    assert decoded("café cõq÷".encode("cp1252")) == ("café cõq÷", "cp1252", "cp1252_fallback", 0)


def test_bytes_without_a_meaning_in_cp1252_are_kept() -> None:
    text, encoding, rule, replaced = decoded(b"a\x81\x8d\x8f\x90\x9d\xe9")
    assert (text, encoding) == ("a\x81\x8d\x8f\x90\x9dé", "cp1252")
    assert (rule, replaced) == ("cp1252_fallback", 0)


def test_damaged_utf8_is_read_as_utf8_and_its_damage_counted() -> None:
    body = CAFE.encode() + b"\xff" + CAFE.encode()[:-1] + b"\xe2\x80"
    text, encoding, rule, replaced = decoded(body, "text/html; charset=utf-8")
    assert text == f"{CAFE}\ufffd{CAFE[:-1]}\ufffd"
    assert (encoding, rule, replaced) == ("utf-8", "utf8_damaged", 2)


def test_a_chance_sequence_does_not_make_western_text_utf8() -> None:
    body = "Ã© and Ã¨, said the café".encode("cp1252")
    assert decoded(body) == ("Ã© and Ã¨, said the café", "cp1252", "cp1252_fallback", 0)


@pytest.mark.parametrize("name", ["bogus", "", "utf-8-or-so", "x" * 5000, "a\0b", "\xe9"])
def test_an_unknown_encoding_is_no_declaration(name: str) -> None:
    header = f"text/html; charset={name}"
    assert decoded(CAFE.encode(), header) == (CAFE, "utf-8", "utf8_valid", 0)


@pytest.mark.parametrize("name", ["rot13", "hex", "zip", "bz2", "undefined", "idna"])
def test_a_codec_that_is_no_character_encoding_is_no_declaration(name: str) -> None:
    assert decoded(CAFE.encode(), f"text/html; charset={name}")[0] == CAFE
    text = f"<meta charset={name}>{CAFE}"
    assert decoded(text.encode())[0] == text


@pytest.mark.parametrize("name", ["utf-16", "utf-16le", "utf-16be"])
def test_a_meta_that_could_be_read_is_not_in_utf16(name: str) -> None:
    # https://html.spec.whatwg.org/#prescan-a-byte-stream-to-determine-its-encoding
    text = f"<meta charset={name}><p>even number of bytes"
    text += "." * (len(text) % 2)
    assert decoded(text.encode())[0] == text


@given(st.text().filter(lambda text: not text.startswith("\ufeff")))
def test_any_text_sent_as_utf8_comes_back(text: str) -> None:
    for content_type in (None, "text/html", "text/html; charset=utf-8"):
        assert decode_document(text.encode(), content_type).text == text


@given(st.binary(), st.none() | st.text(max_size=40).map("text/html; charset={}".format))
def test_any_bytes_become_characters(body: bytes, content_type: str | None) -> None:
    document = decode_document(body, content_type)
    assert document.replaced <= document.text.count("\ufffd")


@given(st.binary())
def test_a_document_read_by_the_last_resort_keeps_every_byte(body: bytes) -> None:
    document = decode_document(body, None)
    if document.rule == "cp1252_fallback":
        assert len(document.text) == len(body)


def test_many_codings_one_around_the_other_are_not_undone() -> None:
    body = b"x"
    for _ in range(5):
        body = gzip.compress(body)
    with pytest.raises(UndecodableError, match="5 content codings"):
        decode_content(body, ["gzip"] * 5)
    assert decode_content(gzip.decompress(body), ["gzip"] * 4).body == b"x"


def test_a_zstd_body_that_wants_much_memory_is_not_undone() -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 27}
    compressor = zstd.ZstdCompressor(options=options)
    body = compressor.compress(b"x" * 1000) + compressor.flush()
    with pytest.raises(UndecodableError, match="zstd"):
        decode_content(body, ["zstd"])
