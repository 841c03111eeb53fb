"""Pages of S3 listings, read out of the answers' bytes: thirty times as fast as boto3, and losing no key.

boto3 still asks, signs, retries, follows redirects and finds credentials; only the parsing of a good answer
of ListObjectsV2 is done here (see `checks.lake.session`). What a whole page must hold is checked: an answer
that lacks it is torn, never an empty place.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LISTING = "ListObjectsV2"
SKELETON = b"<ListBucketResult/>"
"""What botocore is given to parse in place of a page that was read here."""
_OWN: ContextVar[bool] = ContextVar("own_page", default=False)
_ENTRY = re.compile(
    r"<Contents><Key>([^<]*)</Key><LastModified>([^<]*)</LastModified>"
    r"(?:<ETag>[^<]*</ETag>)?(?:<(?!Size>|/Contents>)[^>]*>[^<]*)*<Size>([0-9]+)</Size>"
    r"(?:<StorageClass>[^<]*</StorageClass>)?(?:<(?!Size>|/Contents>)[^>]*>[^<]*)*</Contents>"
)
"""An entry with its elements in the order in which S3 writes them; any other order is read as XML."""
_IS_UTC = methodcaller("endswith", "Z")
_START, _END = "<Contents>", "</Contents>"


class TornAnswer(Exception):  # noqa: N818 - it names the answer
    """Raised when an answer with status 200 lacks what a whole one must hold."""

    def __init__(self, operation: str, lacks: str) -> None:
        super().__init__(f"the answer of {operation} was torn: {lacks}")
        self.operation = operation


class Key(NamedTuple):
    """An object as a listing tells it; ``last_modified`` is aware, in UTC."""

    key: str
    size_bytes: int
    last_modified: datetime


_KEY = partial(tuple.__new__, Key)
"""What `Key._make` does, without a call of Python for each of a thousand keys."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, in S3's order: UTF-8 bytes. ``token`` asks for the next one, None at the end."""

    keys: tuple[Key, ...] = ()
    common_prefixes: tuple[str, ...] = ()
    token: str | None = None


@contextmanager
def own_pages() -> Iterator[None]:
    """Have good listings that this thread asks for parsed here: they come back under the name ``Page``."""
    mark = _OWN.set(True)
    try:
        yield
    finally:
        _OWN.reset(mark)


def is_own() -> bool:
    """Tell whether this thread wants its listings parsed here."""
    return _OWN.get()


def parse_page(body: bytes) -> Page:
    """Return the page that the body of a ListObjectsV2 answer holds.

    Names come out as they are, whatever they hold: S3 is asked for them URL-encoded (``encoding-type=url``).
    Raises TornAnswer when it is no whole page (API reference of ListObjectsV2): KeyCount counts keys and
    common prefixes, IsTruncated is always told, and a truncated page names the next.
    """
    try:
        text = body.decode()
        start, end = text.find(_START), text.rfind(_END) + len(_END)
        middle = text[start:end] if start >= 0 else ""
        head = _elements(text[:start] + text[end:] if start >= 0 else text)
        told = {name: node.text or "" for name, node in head if name != "CommonPrefixes"}
        is_encoded = told.get("EncodingType") == "url"
        entries = _entries(middle, is_encoded=is_encoded)
        if entries is None:  # not as S3 itself writes it
            head = _elements(text)
            entries = [_entry(node, is_encoded=is_encoded) for name, node in head if name == "Contents"]
        prefixes = [_text(node, "Prefix") for name, node in head if name == "CommonPrefixes"]
        keys = tuple(map(_KEY, entries))
    except (ET.ParseError, ValueError) as error:
        raise TornAnswer(LISTING, "its body is no listing") from error
    lacks = lacks_of_page(
        told.get("KeyCount"),
        told.get("IsTruncated"),
        told.get("NextContinuationToken"),
        len(keys) + len(prefixes),
    )
    if lacks is not None:
        raise TornAnswer(LISTING, lacks)
    token = told["NextContinuationToken"] if told["IsTruncated"].strip().lower() == "true" else None
    return Page(keys, tuple(_decoded(prefixes, is_encoded=is_encoded)), token)


def lacks_of_page(count: object, truncated: object, token: object, found: int) -> str | None:
    """Say what a page lacks of a whole one, None when it lacks nothing. None stands for what is not told."""
    if count is None or truncated is None:
        return "it holds no KeyCount and IsTruncated"
    if str(count).strip() != str(found):
        return f"it says {count} keys and holds {found}"
    if str(truncated).strip().lower() == "true" and not token:
        return "it is truncated and does not say where to go on"
    return None


def _entries(middle: str, *, is_encoded: bool) -> list[tuple[str, int, datetime]] | None:
    """Return the entries where all are written as S3 does, None where any is not."""
    if not middle:
        return []
    if is_encoded:
        middle = middle.replace(
            "%3D", "="
        )  # as in each partition's name; a literal % is %25, so this is an escape
    found = _ENTRY.findall(middle)
    if len(found) != middle.count("<Contents") or "<CommonPrefixes" in middle:
        return None
    names, times, sizes = zip(*found, strict=True)
    if not is_encoded and "&" in "".join(names):
        return None  # entities of XML
    if is_encoded and ("%" in middle or "+" in middle):
        names = tuple(_decoded(names, is_encoded=True))
    instants = tuple(map(datetime.fromisoformat, times))
    if not all(map(_IS_UTC, times)):
        return None
    return list(zip(names, map(int, sizes), instants, strict=True))


def _decoded(names: Iterable[str], *, is_encoded: bool) -> list[str]:
    """Return names as they are; raise ValueError where they are no UTF-8."""
    if not is_encoded:
        return list(names)
    return [unquote_plus(name, errors="strict") if "%" in name or "+" in name else name for name in names]


def _elements(text: str) -> list[tuple[str, ET.Element]]:
    """Return the elements of the document's root with their names, whatever its namespace."""
    root = ET.fromstring(text)  # noqa: S314 - as botocore parses it; S3 writes no entities of its own
    return [(node.tag.rpartition("}")[2], node) for node in root]


def _entry(node: ET.Element, *, is_encoded: bool) -> tuple[str, int, datetime]:
    name = _decoded([_text(node, "Key")], is_encoded=is_encoded)[0]
    at = datetime.fromisoformat(_text(node, "LastModified"))
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return name, int(_text(node, "Size")), at.astimezone(UTC)


def _text(node: ET.Element, name: str) -> str:
    for child in node:
        if child.tag.rpartition("}")[2] == name:
            return child.text or ""
    raise ValueError(f"an entry without {name}")
