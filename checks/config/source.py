"""Read a config as plain values that know their lines: YAML 1.2 from a file or S3, or a dict."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, TypeAlias

from checks.config.mistakes import ConfigErrors, Document, Mistake, Path
from checks.config.reading import Fatal, Reader
from checks.model import Unobserved
from checks.rules.key_types import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"
Fetch: TypeAlias = "Callable[[str], bytes]"

LONGEST_TEXT = 1024 * 1024
"""No config is larger than this many bytes."""


def read_document(source: Source, environ: Mapping[str, str], fetch: Fetch | None) -> Document:
    """Return the config's plain values; raise ConfigErrors when it cannot be read at all.

    Mistakes that leave the rest readable (repeated keys, unset variables) are in the document.
    """
    if isinstance(source, str | os.PathLike):
        name = os.fspath(source)
        try:
            text = _decode(_bytes(name, fetch))
        except Fatal as error:
            raise ConfigErrors([Mistake(source=name, line=error.line, message=error.message)]) from None
        return read_text(text, name, environ)
    return from_dict(source, environ)


def read_text(text: str, name: str, environ: Mapping[str, str]) -> Document:
    """Return the document of a text, told by this name; raise ConfigErrors when it cannot be read at all."""
    from checks.config.yaml_source import from_text  # ruamel.yaml takes 0.15 s, and a dict needs none of it

    try:
        return from_text(name, text, environ)
    except Fatal as error:
        raise ConfigErrors([Mistake(source=name, line=error.line, message=error.message)]) from None


def from_dict(source: Mapping[str, Any], environ: Mapping[str, str], name: str = "config") -> Document:
    """Return the document of a dict; a value None counts as left out."""
    document = Document(source=name, has_lines=False)
    try:
        document.data = _DictReader(document, environ).mapping(source, ())
    except Fatal as error:
        raise ConfigErrors([Mistake(source=name, message=error.message)]) from None
    return document


def _bytes(name: str, fetch: Fetch | None) -> bytes:
    if name.startswith("s3://"):
        return _fetched(name, fetch)
    try:
        with FilePath(name).open("rb") as file:
            return file.read(LONGEST_TEXT + 1)
    except FileNotFoundError:
        raise Fatal(None, "there is no such file; name the config's path or s3:// URI") from None
    except IsADirectoryError:
        raise Fatal(
            None, f"is a folder; name the file in it, such as {name.rstrip('/')}/checks.yml"
        ) from None
    except PermissionError:
        raise Fatal(None, "may not be read by this user; change its permissions") from None
    except (OSError, ValueError) as error:
        raise Fatal(None, f"cannot be read: {error}") from None


def _fetched(name: str, fetch: Fetch | None) -> bytes:
    if fetch is None:
        raise Fatal(None, "cannot be read from S3 here; name a local file")
    try:
        return fetch(name)
    except Unobserved as error:
        remedy = f"; {error.problem.remedy}" if error.problem.remedy else ""
        raise Fatal(None, f"{error.problem.message}{remedy}") from None
    except OSError as error:
        raise Fatal(None, f"cannot be read: {error}") from None


def _decode(content: bytes) -> str:
    if len(content) > LONGEST_TEXT:
        raise Fatal(None, "is larger than 1 MiB; use globs in place of single tables")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Fatal(1, "is written as UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Fatal(
            line, "is not valid UTF-8 (a torn or wrongly saved character); save it as UTF-8"
        ) from None


class _DictReader(Reader):
    def mapping(self, source: Mapping[str, Any], path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        items: Iterable[tuple[object, object]] = source.items()
        for key, value in items:
            if not isinstance(key, str):
                self.document.add(path, f"the key {show(key)} is not text; write keys as text")
                continue
            if value is not None:
                self._put(found, key, value, (*path, key))
        return found

    def _put(self, found: dict[str, Any], key: str, value: object, path: Path) -> None:
        self.document.marks[path] = (len(self.document.marks), 0)
        plain = self._value(value, path)
        if plain is not None:
            found[key] = plain

    def _value(self, value: object, path: Path) -> Any:
        self.step(path, None)
        if hasattr(value, "keys"):
            return self.mapping(value, path)  # type: ignore[arg-type] # anything with keys and items
        if isinstance(value, list | tuple):
            items = []
            for index, item in enumerate(value):
                self.document.marks[*path, index] = (len(self.document.marks), 0)
                items.append(self._value(item, (*path, index)))
            return items
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if isinstance(value, str):
            return self.expand(str(value), path)
        if isinstance(value, date):  # and datetime
            return value.isoformat()
        if isinstance(value, bool | int | float | timedelta):
            return value
        self.document.add(
            path, f"holds a {type(value).__name__}, which no config can; write text or a number"
        )
        self.document.broken.add(path)
        return None
