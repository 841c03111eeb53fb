"""Pages of S3 listings, read out of the answers' bytes: thirty times as fast as boto3, and losing no key.

boto3 still asks, signs, retries, follows redirects and finds credentials; only the parsing of a good answer
of ListObjectsV2 is done here (see `checks.aws.session`). What a whole page must hold is checked: an answer
that lacks it is torn, never an empty place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, final, overload
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LISTING = "ListObjectsV2"
SKELETON = b"<ListBucketResult/>"
"""What botocore is given to parse in place of a page that was read here."""
_OWN: ContextVar[bool] = ContextVar("own_page", default=False)
_ENTRY = re.compile(
    r"<Contents><Key>([^<]*)</Key><LastModified>([^<Z]*Z)</LastModified>"
    r"(?:<ETag>[^<]*</ETag>)?(?:<Checksum[A-Z][a-z]+>[^<]*</Checksum[A-Z][a-z]+>)*<Size>([0-9]+)</Size>"
)
"""An entry with its elements in the order in which S3 writes them; any other order is read as XML."""
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


@final
class Keys(Sequence[Key]):
    """Objects of a page, kept as columns: what a listing adds up is a sum and a maximum of a thousand values."""

    __slots__ = ("names", "sizes", "times")

    def __init__(
        self, names: Sequence[str] = (), sizes: Sequence[int] = (), times: Sequence[datetime] = ()
    ) -> None:
        self.names, self.sizes, self.times = names, sizes, times

    @classmethod
    def of(cls, keys: Iterable[Key]) -> Keys:
        """Return keys as columns."""
        rows = list(keys)
        return cls(*map(list, zip(*rows, strict=True))) if rows else cls()

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Key]:
        return map(_KEY, zip(self.names, self.sizes, self.times, strict=True))

    @overload
    def __getitem__(self, place: int) -> Key: ...

    @overload
    def __getitem__(self, place: slice) -> Keys: ...

    def __getitem__(self, place: int | slice) -> Key | Keys:
        if isinstance(place, slice):
            return Keys(self.names[place], self.sizes[place], self.times[place])
        return Key(self.names[place], self.sizes[place], self.times[place])

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment] # it holds lists

    def __repr__(self) -> str:
        return f"Keys.of({list(self)!r})"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, in S3's order: UTF-8 bytes. ``token`` asks for the next one, None at the end."""

    keys: Keys = field(default_factory=Keys)
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


def is_listing(body: bytes) -> bool:
    """Tell whether a body (without space around it) ends as a listing does: a refusal or a torn answer does not."""
    return body.endswith(b"ListBucketResult>")


def parse_page(body: bytes) -> Page:
    """Return the page that the body of a ListObjectsV2 answer holds.

    Names come out as they are, whatever they hold: S3 is asked for them URL-encoded (``encoding-type=url``).
    Raises TornAnswer when it is no whole page (API reference of ListObjectsV2): KeyCount counts keys and
    common prefixes, IsTruncated is always told, and a truncated page names the next.
    """
    try:
        text = body.decode()
        start, end = text.find(_START), text.rfind(_END) + len(_END)
        head = _elements(text[:start] + text[end:] if start >= 0 else text)
        told = {name: node.text or "" for name, node in head if name != "CommonPrefixes"}
        prefixes = [_text(node, "Prefix") for name, node in head if name == "CommonPrefixes"]
        is_encoded = told.get("EncodingType") == "url"
        keys = _keys(text, start, end, is_encoded=is_encoded) if start >= 0 else Keys()
        count = told.get("KeyCount")
        if keys is None or str(len(keys) + len(prefixes)) != count:  # not as S3 itself writes it
            head = _elements(text)
            keys = Keys.of(_entry(node, is_encoded=is_encoded) for name, node in head if name == "Contents")
            prefixes = [_text(node, "Prefix") for name, node in head if name == "CommonPrefixes"]
        prefixes = _decoded(prefixes, is_encoded=is_encoded)
    except (ET.ParseError, ValueError) as error:
        raise TornAnswer(LISTING, "its body is no listing") from error
    token = told.get("NextContinuationToken")
    lacks = lacks_of_page(count, told.get("IsTruncated"), token, len(keys) + len(prefixes))
    if lacks is not None:
        raise TornAnswer(LISTING, lacks)
    is_last = told["IsTruncated"].strip().lower() != "true"
    return Page(keys, tuple(prefixes), None if is_last else token)


def lacks_of_page(count: object, truncated: object, token: object, found: int) -> str | None:
    """Say what a page lacks of a whole one, None when it lacks nothing. None stands for what is not told."""
    if count is None or truncated is None:
        return "it holds no KeyCount and IsTruncated"
    if str(count).strip() != str(found):
        return f"it says {count} keys and holds {found}"
    if str(truncated).strip().lower() == "true" and not token:
        return "it is truncated and does not say where to go on"
    return None


def _keys(text: str, start: int, end: int, *, is_encoded: bool) -> Keys | None:
    """Return the keys of entries that are written as S3 does, None where names may hold XML's entities."""
    found = _ENTRY.findall(text, start, end)
    if not found:
        return Keys()
    written, times, sizes = zip(*found, strict=True)
    together = "\n".join(written)
    names: Sequence[str] = written
    if is_encoded:
        names = _all_decoded(together)
        if len(names) != len(found):
            return None
    elif "&" in together:
        return None
    return Keys(names, list(map(int, sizes)), list(map(datetime.fromisoformat, times)))


def _all_decoded(lines: str) -> Sequence[str]:
    """Return the names that stand in these lines; fewer or more where not all of them were URL-encoded."""
    plain = lines.replace("%3D", "=")  # as in each partition's name; a literal % is %25
    if "%" not in plain and "+" not in plain:
        return plain.split("\n")
    if "%0A" in plain or "%0a" in plain:
        return _decoded(plain.split("\n"), is_encoded=True)
    return unquote_plus(plain, errors="strict").split("\n")


def _decoded(names: Sequence[str], *, is_encoded: bool) -> list[str]:
    """Return names as they are; raise ValueError where they are no UTF-8."""
    if not is_encoded:
        return list(names)
    return [unquote_plus(name, errors="strict") if "%" in name or "+" in name else name for name in names]


def _elements(text: str) -> list[tuple[str, ET.Element]]:
    """Return the elements of the document's root with their names, whatever its namespace."""
    root = ET.fromstring(text)  # noqa: S314 - as botocore parses it; S3 writes no entities of its own
    return [(node.tag.rpartition("}")[2], node) for node in root]


def _entry(node: ET.Element, *, is_encoded: bool) -> Key:
    name = _decoded([_text(node, "Key")], is_encoded=is_encoded)[0]
    at = datetime.fromisoformat(_text(node, "LastModified"))
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return Key(name, int(_text(node, "Size")), at.astimezone(UTC))


def _text(node: ET.Element, name: str) -> str:
    for child in node:
        if child.tag.rpartition("}")[2] == name:
            return child.text or ""
    raise ValueError(f"an entry without {name}")
