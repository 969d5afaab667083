"""Hostile pages: how long one page takes to be read and how much memory, against an idle reader.

.venv/bin/python -m benchmarks.hostile
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

from cablecrawl.reading import PageReader

POST = (
    "<body class='single'><link href='/wp-content/x.css'><article class='post-1 hentry'>"
    "<h1 class='entry-title'>07RIGA9001</h1><div class='entry-content'>"
)
BLOCK = (
    "Reference ID Created Released Classification Origin\n"
    "07RIGA9001 2007-04-20 11:13 2011-08-30 01:44 UNCLASSIFIED Embassy Riga\n"
)
CABLE = "VZCZCXRO1\nPP RUEHC\nUNCLAS RIGA 009001\nSIPDIS\n1. (U) It sank.\n"
LABELS = "Identifier: 07RIGA9001\nOrigin: Embassy Riga\nCreated: 2007-04-20 11:13:00\n"

PAGES: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "a 10 MB cable": lambda: "<pre>" + "One more line of text.\n" * 450_000 + "</pre>",
    "10 MB of paragraphs": lambda: "<p>two words</p>" * 600_000,
    "a 10 MB raw body": lambda: f"<code><pre>{'A line.&#x000A;' * 660_000}</pre></code>",
    "10 MB beyond Latin-1": lambda: "<p>\u043a\u043e\u043c\u0443</p>" * 400_000,
    "200,000 nested div": lambda: "<div>" * 200_000 + "x",
    "400,000 br": lambda: "<br>" * 400_000,
    "10 M opening signs": lambda: "<" * 10_000_000,
    "1 M open comments": lambda: "<!--" * 1_000_000,
    "1 M open quotes": lambda: "<a '" * 1_000_000,
    "1 M entities": lambda: "&amp;" * 1_000_000,
    "200,000 open pre": lambda: "<code><pre>" * 200_000,
    "100,000 links": lambda: "".join(f"<a href='/cable/{n}.html'>{n}</a>" for n in range(70_000)),
    "NULs": lambda: "a\0b" * 3_000_000,
    "70,000 open posts": lambda: "wp-content/" + "<div class='hentry'>" * 70_000,
    "37,000 empty contents": lambda: "<div class='entry-content'></div>" * 37_000,
    "1 M headers in a post": lambda: f"{POST}<pre>" + "VZCZCX\n" * 1_000_000,
    "90,000 cables in a post": lambda: f"{POST}<pre>" + f"07RIGA9001\n{CABLE}" * 90_000,
    "9,900 cables in a post": lambda: f"{POST}<pre>" + f"07RIGA9001\n{CABLE}" * 9_900,
    "19,000 blocks in a post": lambda: f"{POST}<pre>" + BLOCK * 19_000,
    "3 M numbers in a post": lambda: f"{POST}<pre>" + "1\n" * 3_000_000,
    "a block of blanks": lambda: f"{POST}<pre>Reference ID" + " " * 9_000_000,
    "100,000 labels": lambda: "<pre>" + LABELS * 100_000,
    "a 10 MB browser's page": lambda: f"<pre>{LABELS}\n\n" + "One more line.\n" * 650_000,
    "a 10 MB list of posts": lambda: "[" + '{"link":"http://b/1"},' * 450_000,
    "a 10 MB sitemap": lambda: "<urlset>" + "<url><loc>http://b/1</loc></url>" * 300_000,
}
BUDGET_SECONDS, BUDGET_MB = 1.0, 200


def read_in_this_process(name: str) -> None:
    """Read one page and print what it took as JSON."""
    body = PAGES[name]().encode("utf-8")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    read = PageReader().read("http://example.org/cable/2007/04/07ASTANA1033.html", body, None)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - began,
                "mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
                "result": read.problem or (read.reading.layout if read.reading else "no layout"),
                "size": len(body),
            }
        )
    )


def main() -> None:
    if len(sys.argv) > 1:
        read_in_this_process(sys.argv[1])
        return
    print(f"{'page':24}{'MB':>6}{'seconds':>9}{'memory MB':>11}  read as")
    worst_seconds = worst_mb = 0.0
    for name in PAGES:
        command = [sys.executable, "-m", "benchmarks.hostile", name]
        took = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
        worst_seconds = max(worst_seconds, took["seconds"])
        worst_mb = max(worst_mb, took["mb"])
        print(
            f"{name:24}{took['size'] / 1e6:6.1f}{took['seconds']:9.2f}{took['mb']:11.0f}"
            f"  {took['result'][:50]}"
        )
    print(
        f"worst: {worst_seconds:.2f} s (budget {BUDGET_SECONDS:.0f}), {worst_mb:.0f} MB"
        f" (budget {BUDGET_MB})"
    )


if __name__ == "__main__":
    main()
