"""Words for people: text from AWS made harmless and bounded, counts, lists, amounts."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_SPACES = re.compile(r"\s+")
_LONGEST_NAME = 90
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BREAKS = frozenset({"Zl", "Zp"})
_LINE_BREAKS = frozenset("\t\n\r\v\f\x85")
_LONGEST_URL = 2000


def clean(text: str) -> str:
    """Return the text on one line, without characters that nobody sees or that reorder what is seen.

    Control characters, bidirectional overrides, zero-width characters and lone surrogates go, line
    breaks and tabs become a space. Everything read from AWS passes through here before people see it.
    """
    return _SPACES.sub(" ", statement(text)).strip()


def statement(text: str) -> str:
    """Return a statement to be copied on one line: cleaned as above, with its spaces as they stand."""
    if text.isprintable():  # nearly always; letter by letter is slow for thousands of findings
        return text.strip()
    return "".join(_shown(char) for char in text).strip()


def _shown(char: str) -> str:
    category = unicodedata.category(char)
    if char in _LINE_BREAKS or category in _BREAKS:
        return " "
    return "" if category in _UNSEEN else char


def encodable(text: str) -> str:
    """Return the text as it can be encoded: a lone surrogate becomes the replacement character."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def shorten(text: str, longest: int = _LONGEST_NAME) -> str:
    """Return the text cut in its middle to at most ``longest`` characters, so that both ends can be read."""
    if len(text) <= longest:
        return text
    head = (longest - 3 + 1) // 2
    tail = longest - 3 - head
    return f"{text[:head]}...{text[len(text) - tail :]}"


def name(text: str) -> str:
    """Return a name from AWS as people may see it: clean and of a bounded length."""
    return shorten(clean(text)) or "(no name)"


def ascii_only(text: str) -> str:
    """Return the text in printable ASCII on one line: accents are dropped, other letters become ``?``."""
    plain = unicodedata.normalize("NFKD", clean(text))
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return "".join(char if " " <= char <= "~" else "?" for char in bare)


def url(text: str | None) -> str | None:
    """Return the address when it is http(s) and has nothing hidden in it, else None."""
    if text is None or len(text) > _LONGEST_URL or clean(text) != text or " " in text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.netloc else None


def count(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 table`` or ``1,204 tables``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listing(names: Sequence[str], most: int = 12) -> str:
    """Return ``a, b and c``, or the first ``most`` and the number left out."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most:,} more"
    *before, last = names or [""]
    return f"{', '.join(before)} and {last}" if before else last


def ago(instant: datetime, now: datetime) -> str:
    """Return how long before ``now`` it was: ``31 h ago``, ``2 days 4 h ago``, ``in 5 h``, ``just now``."""
    span = now - instant
    if abs(span) < timedelta(minutes=1):
        return "just now"
    return f"in {say_duration(span)}" if span < timedelta() else f"{say_duration(span)} ago"


def age(instant: datetime, now: datetime) -> str:
    """Return how long before ``now`` what was seen came; of what is later than that no age, but that it is."""
    return "after this run" if instant - now >= timedelta(minutes=1) else ago(instant, now)
