"""Which tables an entry speaks of: names, globs, prefixes; which beat which, and where two overlap. Pure."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.rules.table_ids import parse_bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WILD = re.compile(r"[*?]")
_DOT = "\0"
"""Stands between database and table where both are one text; no wildcard matches it."""
_MOST_STATES = 20_000
_MOST_STEPS = 2_000_000


@lru_cache(maxsize=8192)
def _compiled(glob: str) -> re.Pattern[str]:
    """Compile * and ? without backtracking: each stretch between stars is matched at its first place."""
    first, *others = ("".join("." if c == "?" else re.escape(c) for c in part) for part in glob.split("*"))
    if not others:
        return re.compile(first, re.DOTALL)
    *middle, last = others
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle if part) + f".*{last}", re.DOTALL)


def matches_name(glob: str, name: str) -> bool:
    """Tell whether a glob of * and ? matches the whole name, letter by letter."""
    return _compiled(glob).fullmatch(name) is not None


def check_name_glob(text: str) -> str:
    """Return the glob; raise ValueError when it holds what is no glob here."""
    if "[" in text or "]" in text or "{" in text or "}" in text:
        raise ValueError(
            f"{text!r} is not a glob here; write * for any characters and ? for one, no brackets"
        )
    return re.sub(r"\*+", "*", text)


class ExcludeError(ValueError):
    """Raised for what is wrong with exclude, not with the selector that it stands beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What an entry speaks of.

    ``text`` is how it is told: ``sales.orders``, ``sales.*`` or ``s3://bucket/prefix/``. ``database`` and
    ``name`` are globs or names in lower case, both None for a prefix. ``exclude`` holds pairs like them.
    """

    text: str
    account: str | None = None
    region: str | None = None
    database: str | None = None
    name: str | None = None
    exclude: tuple[tuple[str, str], ...] = ()
    line: int | None = field(default=None, compare=False)

    @property
    def is_prefix(self) -> bool:
        """True for a location that is watched without a catalog entry."""
        return self.database is None

    @property
    def is_glob(self) -> bool:
        """True when it may match several tables."""
        return not self.is_prefix and _WILD.search(self.text) is not None

    @property
    def id(self) -> str:
        """The id of the table it names; of a glob, the glob of ids."""
        return self.text if self.is_prefix or self.account is None else f"{self.account}/{self.text}"

    @property
    def rank(self) -> tuple[int, int]:
        """Order by how specific it is: exact beats globs, more literal characters beat fewer."""
        return (1, len(_WILD.sub("", self.text))) if self.is_glob else (2, 0)

    def matches(self, account: str | None, database: str, name: str) -> bool:
        """Tell whether it speaks of a table of the catalog; names in any case."""
        if self.database is None or self.name is None or self.account != account:
            return False
        database, name = database.lower(), name.lower()
        return (
            matches_name(self.database, database)
            and matches_name(self.name, name)
            and not any(matches_name(d, database) and matches_name(n, name) for d, n in self.exclude)
        )


def parse_selector(
    text: str, *, account: str | None = None, region: str | None = None, exclude: Sequence[str] = ()
) -> Selector:
    """Read ``database.table`` with or without * and ?; raise ValueError with what to write."""
    if text.startswith(("s3://", "s3a://", "s3n://", "arn:")):
        raise ValueError(f"{text!r} is a location, not a table; write it as prefix: s3://bucket/prefix/")
    if "/" in text:
        advice = "write the account as a key of its own, such as account: partner"
        raise ValueError(f"{text!r} holds a slash; write database.table, and {advice}")
    glob = check_name_glob(text.lower())
    database, dot, name = glob.partition(".")
    if not (database and dot and name):
        raise ValueError(
            f"{text!r} is not database.table; write such as sales.orders, or sales.* for all of sales"
        )
    if exclude and not _WILD.search(glob):
        raise ExcludeError("stands beside an exact name; write it beside a glob, or take it out")
    pairs = tuple(_parse_exclude(each) for each in exclude)
    return Selector(text=glob, account=account, region=region, database=database, name=name, exclude=pairs)


def _parse_exclude(text: str) -> tuple[str, str]:
    try:
        glob = check_name_glob(text.lower())
    except ValueError as error:
        raise ExcludeError(str(error)) from None
    database, dot, name = glob.partition(".")
    if not dot:
        database, name = "*", glob
    if not (database and name) or "/" in glob:
        raise ExcludeError(f"{text!r} is not a table; write such as tmp_* or sales.tmp_*")
    return database, name


def parse_prefix(text: str, *, account: str | None = None, region: str | None = None) -> Selector:
    """Read ``s3://bucket/prefix/`` (a slash is added); raise ValueError with what to write."""
    if not text.startswith("s3://"):
        advice = "write s3://bucket/prefix/, or table: database.table for a table of the catalog"
        raise ValueError(f"{text!r} is not an S3 location; {advice}")
    if _WILD.search(text):
        raise ValueError(f"{text!r} holds * or ?, and a prefix takes no globs; write one entry a prefix")
    return Selector(text=parse_bucket(text), account=account, region=region)


def _written(database: str, name: str) -> str:
    return f"{database}{_DOT}{name}"


_ANY = _written("?*", "?*")


def find_name(
    inside: Sequence[Selector],
    outside: Callable[[Callable[[Selector], bool]], bool] | None = None,
    others: Sequence[Selector] = (),
    effort: Effort | None = None,
    *,
    shortest: bool = True,
) -> str | None:
    """Return a name ``database.table`` that all of ``inside`` match, a short one; None when there is none.

    ``outside`` may refuse a name: it is asked with a function that tells which of ``others`` match it.
    A search that grows beyond bounds finds none; ``effort`` bounds several searches together.
    """
    if _plainly_apart(inside):
        return None
    effort = effort or Effort()
    if not shortest and (found := _put_together(inside, outside)) is not None:
        return found
    if effort.left > 0:
        found = _search(inside, others, outside, effort)
        if found is not None:
            return found
    return _put_together(inside, outside)


@dataclass(slots=True)
class Effort:
    """How many steps searches may still take: of each state by each letter in each text."""

    left: int = _MOST_STEPS


def _put_together(
    inside: Sequence[Selector], outside: Callable[[Callable[[Selector], bool]], bool] | None
) -> str | None:
    """Return a name made of all literal parts, the longest beginning and end among them, if it is one; else None."""
    database = _one_of([selector.database or "*" for selector in inside])
    table = _one_of([selector.name or "*" for selector in inside])

    def holds(selector: Selector) -> bool:
        return selector.matches(selector.account, database, table)

    if not all(map(holds, inside)) or (outside is not None and outside(holds)):
        return None
    return f"{database}.{table}"


def _one_of(globs: Sequence[str]) -> str:
    parts = [glob.replace("?", "x").split("*") for glob in globs]
    exact = [pieces[0] for pieces in parts if len(pieces) == 1]
    if exact:
        return exact[0]
    head = max((pieces[0] for pieces in parts), key=len)
    tail = max((pieces[-1] for pieces in parts), key=len)
    return head + "".join(piece for pieces in parts for piece in pieces[1:-1]) + tail or "x"


def _search(
    inside: Sequence[Selector],
    others: Sequence[Selector],
    outside: Callable[[Callable[[Selector], bool]], bool] | None,
    effort: Effort,
) -> str | None:
    texts = [_ANY]
    spans: dict[int, tuple[int, tuple[int, ...]]] = {}
    for selector in (*inside, *others):
        own = len(texts)
        texts.append(_written(selector.database or "", selector.name or ""))
        excludes = tuple(range(own + 1, own + 1 + len(selector.exclude)))
        texts += [_written(*pair) for pair in selector.exclude]
        spans[id(selector)] = (own, excludes)
    needed = (0, *(spans[id(selector)][0] for selector in inside))
    letters = _letters(texts)
    start = tuple(_closure(text, frozenset({0})) for text in texts)
    queue, seen = deque([(start, "")]), {start}
    while queue and effort.left > 0 and len(seen) <= _MOST_STATES:
        state, name = queue.popleft()
        effort.left -= len(letters) * len(texts)
        accepted = [len(text) in state[index] for index, text in enumerate(texts)]

        def holds(selector: Selector, accepted: list[bool] = accepted) -> bool:
            own, excludes = spans[id(selector)]
            return accepted[own] and not any(accepted[index] for index in excludes)

        if accepted[0] and all(map(holds, inside)) and (outside is None or not outside(holds)):
            return name.replace(_DOT, ".", 1)
        for letter in letters:
            following = tuple(_step(text, state[index], letter) for index, text in enumerate(texts))
            if following not in seen and all(following[index] for index in needed):
                seen.add(following)
                queue.append((following, name + letter))
    return None


def _letters(texts: Sequence[str]) -> list[str]:
    """Return each literal character, one that stands for all the others, and the separator."""
    literal = sorted(set("".join(texts)) - {"*", "?", _DOT})
    other = next(c for c in "abcdefghijklmnopqrstuvwxyz0123456789_-" + chr(0x2603) if c not in literal)
    return [other, *literal, _DOT]


def _closure(text: str, positions: frozenset[int]) -> frozenset[int]:
    found = set(positions)
    for position in positions:
        at = position
        while at < len(text) and text[at] == "*":
            at += 1
            found.add(at)
    return frozenset(found)


def _step(text: str, positions: frozenset[int], letter: str) -> frozenset[int]:
    found: set[int] = set()
    for position in positions:
        if position == len(text):
            continue
        sign = text[position]
        if sign == "*":
            if letter != _DOT:
                found.add(position)
        elif sign == letter or (sign == "?" and letter != _DOT):
            found.add(position + 1)
    return _closure(text, frozenset(found))


def may_overlap(one: Selector, other: Selector) -> bool:
    """Tell quickly whether two selectors may speak of one table; it may be wrong only in saying yes."""
    if one.is_prefix or other.is_prefix or one.account != other.account:
        return False
    if not one.is_glob and one.database is not None and one.name is not None:
        return other.matches(other.account, one.database, one.name)
    if not other.is_glob:
        return may_overlap(other, one)
    return not _plainly_apart((one, other))


def _plainly_apart(selectors: Sequence[Selector]) -> bool:
    """Tell quickly, for most pairs, that no name is in all: their literal beginnings or ends contradict."""
    texts = [_written(s.database or "", s.name or "") for s in selectors]
    heads = sorted((_WILD.split(text)[0] for text in texts), key=len)
    tails = sorted((_WILD.split(text)[-1] for text in texts), key=len)
    return any(not b.startswith(a) for a, b in pairwise(heads)) or any(
        not b.endswith(a) for a, b in pairwise(tails)
    )
