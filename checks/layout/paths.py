"""Where paths of folders and names of files carry time, inferred from some that lie below a location."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from checks.layout.keys import MOST_TOLD, WHOLE_FORMATS, infer_layout, plausible, shows_padding
from checks.layout.values import NUMBER, TimeLayout
from checks.model import Column, Problem, ProblemKind
from checks.schedule.formats import fields_of
from checks.schedule.periods import YEARLY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from checks.schedule.periods import Every

_DATE_IN_NAME = re.compile(
    r"(?<!\d)[12]\d{3}(?:[-_]?[Qq][1-4]|([-_.])(?:W\d{2}|\d{2}(?:\1\d{2}(?:[-_T]\d{2}(?:[-_]?\d{2}Z?)?)?)?)|\d{2}(?:\d{2}(?:[-_T]?\d{2}(?:\d{2})?)?)?)(?!\d)"
)
_NAME_FORMATS = (
    "%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%Y.%m.%d", "%Y-%m", "%Y_%m", "%Y.%m", "%Y%m", "%Y-Q%q", "%YQ%q", "%Y_Q%q",
    "%Y-q%q", "%Yq%q", "%Y_q%q", "%G-W%V", "%Y-%m-%d-%H",
    "%Y-%m-%d_%H",
    "%Y-%m-%dT%H", "%Y%m%d%H", "%Y%m%d-%H", "%Y%m%d_%H", "%Y%m%dT%H", "%Y-%m-%dT%H-%MZ", "%Y%m%d%H%M", "%Y-%m-%d-%H-%M",
    "%Y%m%d_%H%M", "%Y%m%dT%H%M", "%Y_%m_%d_%H",
)  # fmt: skip
_PLAIN_PATHS = (
    "%Y/%m/%d/%H", "%Y/%-m/%-d/%-H", "%Y/%j/%H", "%Y/%m/%d", "%Y/%-m/%-d", "%Y/%b/%d", "%Y/%B/%d", "%Y/%b/%-d",
    "%Y/%B/%-d", "%Y/%j", "%Y/%m", "%Y/%-m", "%Y/%b", "%Y/%B", "%Y/Q%q", "%Y/q%q",
    *WHOLE_FORMATS,
)  # fmt: skip
TIME_IN_PATHS = tuple(dict.fromkeys((*_PLAIN_PATHS, *_NAME_FORMATS)))
"""How folders write time, the likelier first."""
_STATE_PATH = 'state it: partitions: {format: "%Y/%m/%d/"}'


def infer_path(names: Sequence[str], zone: ZoneInfo, every: Every | None = None) -> TimeLayout | Problem:
    """Find out the time layout of a location without partitions from paths of folders below it.

    ``names`` are paths relative to the location with a slash at their end, such as ``dt=2026-11-22/`` or
    ``2026/11/22/``. Hive names (``key=value``) keep their keys as literal text in the format. Years alone count as time
    where periods of a year are stated (``every``).
    """
    paths = [name.strip("/").split("/") for name in names]
    depth = min((len(path) for path in paths), default=0)
    if depth == 0:
        return Problem(ProblemKind.AMBIGUOUS, "no folders were seen below the location", _STATE_PATH)
    evidence = f"{len(paths)} folder{'' if len(paths) == 1 else 's'} such as {names[-1]}"
    if all("=" in part for path in paths for part in path[:depth]):
        layout = _infer_hive_path(paths, depth, zone, every)
        return layout if isinstance(layout, Problem) else replace(layout, evidence=evidence)
    for text in (*_PLAIN_PATHS, *(("%Y",) if every == YEARLY else ())):
        parts = text.split("/")
        heads = ["/".join(path[: len(parts)]) for path in paths if len(path) >= len(parts)]
        if len(parts) <= depth and all(plausible(text, head) for head in heads):
            layout = TimeLayout(zone=zone, path=text + "/", evidence=evidence)
            return layout if len(parts) == 1 else _with_padding(layout, text, heads)
    return Problem(
        ProblemKind.AMBIGUOUS, f"folders such as {names[0]!r} were not seen to carry time", _STATE_PATH
    )


def _infer_hive_path(
    paths: list[list[str]], depth: int, zone: ZoneInfo, every: Every | None
) -> TimeLayout | Problem:
    keys = [Column(part.split("=", 1)[0], "string") for part in paths[0][:depth]]
    raw = [[part.split("=", 1)[1] for part in path[:depth]] for path in paths]
    rows = [[unquote(value) for value in row] for row in raw]
    layout = infer_layout(keys, rows, zone, every=every)
    if isinstance(layout, Problem):
        return replace(layout, remedy=_STATE_PATH)
    formats = {key.name: key.format for key in layout.keys}
    if [key.name for key in keys][: len(formats)] != list(formats):
        shown = "/".join(paths[0])
        return Problem(ProblemKind.AMBIGUOUS, f"time is not the first folder in {shown!r}", _STATE_PATH)
    escaped = {
        any(mark in value for mark in ("%3A", "%3a")) for row in raw for value in row if ":" in unquote(value)
    }
    if len(escaped) > 1:
        return Problem(
            ProblemKind.AMBIGUOUS,
            "some folders are written with : and some with %3A",
            "write all of them in one way, or state the one that counts",
        )
    if True in escaped:
        formats = {name: text.replace(":", "%%3A") for name, text in formats.items()}
    once = _told_once(formats)
    text = "".join(f"{name.replace('%', '%%')}={formats[name]}/" for name in once)
    fields = {field for value in formats.values() for field in fields_of(value)}
    if fields != {field for name in once for field in fields_of(formats[name])}:
        return Problem(
            ProblemKind.AMBIGUOUS,
            f"folders such as {'/'.join(paths[0])!r} tell a part of the time twice",
            f'state those that tell it once: partitions: {{format: "{text}"}}',
        )
    return replace(layout, keys=(), path=text)


def _told_once(formats: Mapping[str, str]) -> list[str]:
    """Return the names of the first folders, up to one that tells a part of the time again: ``dt=.../loaded=...``."""
    told: set[str] = set()
    names: list[str] = []
    for name, text in formats.items():
        fields = set(fields_of(text))
        if told & fields:
            break
        told |= fields
        names.append(name)
    return names


def _with_padding(layout: TimeLayout, text: str, paths: Sequence[str]) -> TimeLayout:
    """Settle by all paths whether numbers are padded; where none tells, both ways are tried."""
    if not NUMBER.search(text):
        return layout
    told = {
        shows_padding(token, value)
        for path in paths
        for token, value in zip(text.split("/"), path.split("/"), strict=False)
    }
    if True in told or False in told:
        return layout
    return replace(layout, padding_known=False)


def infer_names(names: Sequence[str], zone: ZoneInfo) -> TimeLayout | Problem:
    """Find out the time layout of a flat location from names of files, such as ``trips_2026-11.parquet``.

    The format ends with the time, so that all files of one period belong together whatever their endings.
    """
    by_path: dict[str, int] = {}
    for name in names:
        found = _dated_name(name)
        if found is not None:
            by_path[found] = by_path.get(found, 0) + 1
    dated = sum(by_path.values())
    if not dated or dated * 2 < len(names):
        return Problem(ProblemKind.AMBIGUOUS, "no folders or file names were seen to carry time", _STATE_PATH)
    likely = sorted(by_path, key=lambda path: (-by_path[path], path))
    if len(likely) > 1:
        shown = ", ".join(f"{path} ({by_path[path]})" for path in likely[:MOST_TOLD])
        more = f" and {len(likely) - MOST_TOLD} more" if len(likely) > MOST_TOLD else ""
        return Problem(
            ProblemKind.AMBIGUOUS,
            f"names of files carry time in {len(likely)} ways: {shown}{more}",
            f'state the one that counts: partitions: {{format: "{likely[0]}"}}',
        )
    example = next(name for name in reversed(names) if _dated_name(name) is not None)
    evidence = f"{dated} file name{'' if dated == 1 else 's'} such as {example}"
    return TimeLayout(zone=zone, path=likely[0], evidence=evidence)


def _dated_name(name: str) -> str | None:
    """Return the path format of a file's name up to its date, None when it has none or several."""
    match = _DATE_IN_NAME.search(name)
    if match is None or match[0][:4] in name[: match.start()]:  # a year that a folder tells is no fixed text
        return None
    for text in _NAME_FORMATS:
        if plausible(text, match[0]):
            return name[: match.start()].replace("%", "%%") + text
    return None
