"""The help of a command: Scrapy's, with lists that stand on lines of their own."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from scrapy.commands import ScrapyHelpFormatter

HEADING = "Examples\n========"


class HelpFormatter(ScrapyHelpFormatter):
    """Reflows paragraphs, and leaves lists and examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        # What argparse.RawDescriptionHelpFormatter overrides too; there is no other way in.
        if HEADING in text:
            return text
        return super()._fill_text(text, width, indent)

    def format_part_strings(self, part_strings: list[str]) -> list[str]:
        """Scrapy underlines headings, and takes any line that ends with a colon for one."""
        begins_section = part_strings[:1] == ["\n"]
        if begins_section or (part_strings and part_strings[0].startswith("usage: ")):
            return super().format_part_strings(part_strings)
        return part_strings


def add_examples(parser: argparse.ArgumentParser, *examples: str) -> None:
    """Show commands as a user types them, `scrapy` and all, at the end of the help."""
    parser.formatter_class = HelpFormatter
    parser.epilog = "\n".join([HEADING, *(f"  {example}" for example in examples)])


def add_list(parser: argparse.ArgumentParser, heading: str, meanings: Mapping[str, str]) -> None:
    """Show names and what they mean, one a line, above the examples."""
    width = max(map(len, meanings))
    lines = [f"  {name:{width}}  {meaning}" for name, meaning in meanings.items()]
    parser.epilog = "\n".join((heading, "=" * len(heading), *lines, "", parser.epilog or ""))


def examples_of(parser: argparse.ArgumentParser) -> list[str]:
    """The commands that a help shows."""
    _, _, examples = (parser.epilog or "").partition(HEADING)
    return [line.strip() for line in examples.splitlines() if line.strip()]
