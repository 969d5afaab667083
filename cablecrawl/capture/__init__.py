"""Captures: HTTP exchanges as they came, in WARC files, and the way back to them."""

from cablecrawl.capture.exchange import (
    EncodedExchange,
    Exchange,
    Location,
    encode_exchange,
    payload_sha256,
)
from cablecrawl.capture.members import (
    DamagedWarc,
    ResponseReader,
    read_exchanges,
    read_members,
    read_response,
)
from cablecrawl.capture.recovery import RecoveredExchange, Recovery, recover
from cablecrawl.capture.warc import SealedFile, WarcWriter, read_manifest

__all__ = [
    "DamagedWarc",
    "EncodedExchange",
    "Exchange",
    "Location",
    "RecoveredExchange",
    "Recovery",
    "ResponseReader",
    "SealedFile",
    "WarcWriter",
    "encode_exchange",
    "payload_sha256",
    "read_exchanges",
    "read_manifest",
    "read_members",
    "read_response",
    "recover",
]
