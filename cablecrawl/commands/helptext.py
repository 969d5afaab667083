"""The help of a command: Scrapy's, with examples that stand on lines of their own."""

from __future__ import annotations

import argparse

from scrapy.commands import ScrapyHelpFormatter

HEADING = "Examples\n========"


class HelpFormatter(ScrapyHelpFormatter):
    """Reflows paragraphs, and leaves the examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        # What argparse.RawDescriptionHelpFormatter overrides too; there is no other way in.
        if text.startswith(HEADING):
            return text
        return super()._fill_text(text, width, indent)


def add_examples(parser: argparse.ArgumentParser, *examples: str) -> None:
    """Show commands as a user types them, `scrapy` and all, at the end of the help."""
    parser.formatter_class = HelpFormatter
    parser.epilog = "\n".join([HEADING, *(f"  {example}" for example in examples)])


def examples_of(parser: argparse.ArgumentParser) -> list[str]:
    """The commands that a help shows."""
    lines = (parser.epilog or "").removeprefix(HEADING).splitlines()
    return [line.strip() for line in lines if line.strip()]
