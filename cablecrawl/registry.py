"""Reading the TOML registries: typed fields, and one clear line for whatever is wrong."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Sequence
from datetime import date, datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NoReturn, cast

from cablecrawl.errors import CableCrawlError


class RegistryError(CableCrawlError, ValueError):
    """A registry cannot be used; the message is one line naming file, table and key."""


class Table:
    """One `[name]` table of a registry file. Each reader takes its key off the table.

    Readers raise `error` when the key is missing (unless a default is given) or its value
    is of another type. `finish` refuses the keys that nobody asked for.
    """

    def __init__(
        self, file: str, name: str, values: dict[str, object], error: type[RegistryError]
    ) -> None:
        self.file = file
        self.name = name
        self._values = values
        self._unread = set(values)
        self._error = error

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raises the error for a key: `sources.toml: [mrkva] rank = -1: must be 0 or more`."""
        shown = f"{key} = {_as_toml(self._values[key])}" if key in self._values else key
        raise self._error(f"{self.file}: [{self.name}] {shown}: {problem}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, default)
        if not isinstance(value, str):
            self.fail(key, "must be a string")
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self._values else None

    def choice(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in choices:
            self.fail(key, f"unknown {key} (one of {', '.join(choices)})")
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        return tuple(cast("list[str]", self._items(key, default, str)))

    def optional_texts(self, key: str) -> tuple[str, ...] | None:
        return self.texts(key) if key in self._values else None

    def wholes(self, key: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        return tuple(cast("list[int]", self._items(key, default, int)))

    def flag(self, key: str, default: bool | None = None) -> bool:
        value = self._take(key, default)
        if not isinstance(value, bool):
            self.fail(key, "must be true or false")
        return value

    def whole(self, key: str, default: int | None = None, least: int = 0) -> int:
        value = self._take(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.fail(key, f"must be a whole number, {least} or more")
        return value

    def optional_whole(self, key: str, least: int = 0) -> int | None:
        return self.whole(key, least=least) if key in self._values else None

    def optional_number(self, key: str) -> float | None:
        if key not in self._values:
            return None
        value = self._take(key, None)
        # TOML knows nan and inf.
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
            self.fail(key, "must be a number, 0 or more")
        return float(value)

    def optional_day(self, key: str) -> date | None:
        if key not in self._values:
            return None
        value = self._take(key, None)
        if not isinstance(value, date) or isinstance(value, datetime):
            self.fail(key, "must be a date without quotes, such as 2026-11-21")
        return value

    def optional_table(self, key: str) -> Table | None:
        """A table inside this one; its errors name it `[outer.inner]`."""
        if key not in self._values:
            return None
        value = self._take(key, None)
        if not isinstance(value, dict):
            self.fail(key, "must be a table, such as { max = 100 }")
        return Table(self.file, f"{self.name}.{key}", value, self._error)

    def finish(self, known: Sequence[str]) -> None:
        """Refuses the keys that were not read; `known` is listed in the message."""
        for key in self._values:
            if key in self._unread:
                self.fail(key, f"unknown key (known are {', '.join(known)})")

    def _take(self, key: str, default: object) -> object:
        self._unread.discard(key)
        if key in self._values:
            return self._values[key]
        if default is None:
            self.fail(key, "missing")
        return default

    def _items(self, key: str, default: object, kind: type) -> Sequence[object]:
        values = self._take(key, default)
        if isinstance(values, tuple):
            return values
        if not isinstance(values, list) or any(type(value) is not kind for value in values):
            self.fail(key, f"must be a list of {'strings' if kind is str else 'whole numbers'}")
        return values


def read_tables(path: Path | Traversable, error: type[RegistryError]) -> list[Table]:
    """The tables of a registry file, in its order.

    Raises `error` when the file cannot be read, is not UTF-8 or not TOML (with the line),
    or holds anything but tables at its top.
    """
    file = str(path)
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as problem:
        raise error(f"{file}: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise error(f"{file}: not UTF-8 (at line {line})") from problem
    except tomllib.TOMLDecodeError as problem:
        raise error(f"{file}: {problem}") from problem
    tables = []
    for name, values in content.items():
        if not isinstance(values, dict):
            raise error(f"{file}: {name} = {_as_toml(values)}: no table; write [name] above it")
        tables.append(Table(file, name, values, error))
    return tables


def _as_toml(value: object) -> str:
    """Near enough to how TOML writes it to be found in the file."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        return str(value)
