"""What a command found, for programs: one JSON document on stdout; what is for people is on stderr.

On one line, so that those of several commands are JSON Lines together; ASCII, so that any terminal
can show it and no character of a page can command it.
"""

from __future__ import annotations

import argparse
import json

from cablecrawl.export.lines import JSON


def add_json(parser: argparse._ActionsContainer, more: str = "") -> None:
    """The option for it; `more`: what is to be known of it besides."""
    parser.add_argument(
        "--json", action="store_true", help=f"for programs: print one JSON document{more}"
    )


def print_json(found: object) -> None:
    """Print records, or what is made of them; keys in their order."""
    print(json_text(found))


def json_text(found: object) -> str:
    """The same, for a document that is written piece by piece."""
    return json.dumps(found, default=JSON.default)
