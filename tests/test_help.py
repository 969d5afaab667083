"""The help of the project's own commands: it fits a terminal, and its examples can be typed."""

from __future__ import annotations

import argparse
import itertools
import shlex

import pytest
from scrapy.cmdline import ScrapyArgumentParser
from scrapy.commands import ScrapyCommand
from scrapy.utils.misc import walk_modules_iter
from scrapy.utils.project import get_project_settings

from cablecrawl.commands.helptext import HEADING, examples_of

COLUMNS = 80


def own_commands() -> dict[str, type[ScrapyCommand]]:
    """Those in cablecrawl/commands, by name."""
    return {
        module.__name__.rpartition(".")[2]: module.Command
        for module in walk_modules_iter("cablecrawl.commands")
        if hasattr(module, "Command")
    }


COMMANDS = own_commands()


def parser_of(name: str) -> argparse.ArgumentParser:
    """As Scrapy makes it."""
    command = COMMANDS[name]()
    command.settings = get_project_settings()
    parser = ScrapyArgumentParser(
        usage=f"scrapy {name} {command.syntax()}",
        conflict_handler="resolve",
        description=command.long_desc(),
    )
    command.add_options(parser)
    return parser


def test_the_commands_of_the_project_are_found() -> None:
    assert {"crawl", "demo", "export", "schedule", "trace", "verify"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_help_ends_with_examples_on_lines_of_their_own(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    shown = parser_of(name).format_help()
    _, _, examples = shown.partition(f"\n{HEADING}\n")
    assert examples, shown
    for line in examples.splitlines():
        assert line.startswith(f"  scrapy {name}"), line
    too_long = [line for line in shown.splitlines() if len(line) > COLUMNS]
    assert [line for line in too_long if not line.startswith("  scrapy ")] == []
    assert [line for line in examples.splitlines() if line in too_long] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_only_headings_are_underlined(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parser = parser_of(name)
    headings = {"Usage", "Examples", "Formats"}
    headings.update((group.title or "").title() for group in parser._action_groups)
    for columns in range(50, 141, 5):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = parser.format_help().splitlines()
        underlined = {
            above for above, line in itertools.pairwise(lines) if line and not line.strip("=-")
        }
        assert underlined <= headings, columns


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_help_are_understood(name: str) -> None:
    parser = parser_of(name)

    def refuse(message: str) -> None:
        raise AssertionError(message)

    parser.error = refuse  # type: ignore[method-assign,assignment]
    for example in examples_of(parser):
        scrapy, command, *arguments = shlex.split(example)
        assert (scrapy, command) == ("scrapy", name)
        _, rest = parser.parse_known_args(arguments)
        assert [word for word in rest if word.startswith("-")] == [], example


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    silent = [action.option_strings for action in parser_of(name)._actions if not action.help]
    assert silent == []
