"""What a key of a check may hold beside plain words and numbers, with what to write where it holds something else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from checks.layout.globs import refuse_no_glob
from checks.model import Severity
from checks.schedule.clock import parse_zone
from checks.schedule.durations import parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError


class MistakesBelow(ValueError):  # noqa: N818 - it holds several
    """Raised with the mistakes of blocks that lie below a key: where each is, from the key on, and what is wrong.

    One that pydantic tells goes with the model that it is told of.
    """

    def __init__(
        self,
        found: Iterable[tuple[tuple[str | int, ...], ValidationError | ValueError, type[BaseModel] | None]],
    ) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(str(mistake) for _, mistake, _ in self.found))


class ConfigBlock(BaseModel):
    """A block of a config: it never changes, and a key that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


LONGEST_VALUE = 80
"""A value that a mistake names is shortened to so many characters."""
_LONGEST_WORD = 1024

Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhdw]$"}),
]
"""A config value such as ``26h``: a number and s, m, h, d or w."""

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": ["string", "integer"]}),
]
"""A config value such as ``50MB``: a number and B, kB, MB, GB, TB or KiB and kin."""


_PERCENT = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*%")


def parse_percent(value: object) -> float:
    """Read a number and %, such as ``60%``, as a share of one; raise ValueError with what to write."""
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or float(match[1]) <= 0:
        message = f"{value!r} is not a percentage above zero; write a number and %, such as 60%"
        raise ValueError(message)
    return float(match[1]) / 100


def parse_severity(value: object) -> Severity:
    """Read ``warning`` or ``critical``; raise ValueError with what to write."""
    if value in ("warning", "critical"):
        return Severity(str(value))
    message = f"{value!r} is no severity; write warning or critical"
    raise ValueError(message)


Percent = Annotated[
    float,
    BeforeValidator(parse_percent),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}),
]
"""A config value such as ``60%``: a number and %."""

SeverityWord = Annotated[
    Severity,
    BeforeValidator(parse_severity),
    WithJsonSchema({"enum": ["warning", "critical"]}),
]
"""A config value: how bad it is when the check fails."""


def clip(text: str, longest: int) -> str:
    """Shorten a text in its middle so that it is no longer than that."""
    if len(text) <= longest:
        return text
    half = (longest - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def show(value: object) -> str:
    """Write a value as it would stand in a config, shortened: ``'soon'``, ``true``, ``[sat, sun]``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return clip(repr(value), LONGEST_VALUE)
    if isinstance(value, list | tuple):
        return clip(f"[{', '.join(map(show, value))}]", LONGEST_VALUE)
    if isinstance(value, dict):
        return clip(f"{{{', '.join(f'{key}: {show(item)}' for key, item in value.items())}}}", LONGEST_VALUE)
    return clip(str(value), LONGEST_VALUE)


def parse_text(value: object) -> str:
    """Read one line of text; raise ValueError with what to write."""
    if not isinstance(value, str):
        single = isinstance(value, bool | int | float)
        advice = f'put it in quotes: "{show(value)}"' if single else "write one line of it"
        raise ValueError(f"{show(value)} is not text; {advice}")  # noqa: TRY004 - pydantic tells ValueErrors
    text = value.strip()
    if not text or not text.isprintable() or len(text) > _LONGEST_WORD:
        raise ValueError(
            f"{show(value)} is not one line of text; write at least one character, no line breaks"
        )
    return text


def parse_count(value: object) -> int:
    """Read a whole number of at least 1; raise ValueError with what to write."""
    number = int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,15}", value, re.ASCII) else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(f"{show(value)} is not a whole number of at least 1; write one such as 16")
    return number


def parse_runbook(value: object) -> str:
    """Read a web address; raise ValueError with what to write."""
    text = parse_text(value)
    if re.fullmatch(r"https?://[^\s/]+\S*", text):
        return text
    raise ValueError(f"{show(text)} is not a web address; write one such as https://wiki.example.com/orders")


_MOST_GLOBS = 50


def parse_globs(value: object) -> tuple[str, ...]:
    """Read a glob or a list of them; raise ValueError with what to write."""
    listed = value if isinstance(value, list | tuple) else [value]
    if not listed or len(listed) > _MOST_GLOBS:
        raise ValueError(
            f'{show(value)} is no glob; write one, or up to {_MOST_GLOBS}, such as ["*.csv.gz", "*.csv"]'
        )
    return tuple(dict.fromkeys(refuse_no_glob(parse_text(each)) for each in listed))


Globs = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_globs),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
            ]
        }
    ),
]
"""A config value such as ``*.csv``, or a list of such."""


def parse_names(value: object) -> tuple[str, ...]:
    """Read a name or a list of them; raise ValueError with what to write."""
    listed = value if isinstance(value, list | tuple) else [value]
    if not listed:
        raise ValueError("names nothing; write a name, or leave the key out")
    for each in listed:
        if not isinstance(each, str):
            told = f"{show(each)} is no name; define it at the top of the config, and write its name here"
            raise ValueError(told)  # noqa: TRY004 - pydantic tells ValueErrors
    return tuple(dict.fromkeys(parse_text(each) for each in listed))


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_names),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
            ]
        }
    ),
]
"""A config value such as ``maintenance``: what is defined elsewhere by its name, or a list of such."""

Text = Annotated[str, BeforeValidator(parse_text), WithJsonSchema({"type": "string", "minLength": 1})]
Zone = Annotated[ZoneInfo, BeforeValidator(parse_zone), WithJsonSchema({"type": "string", "minLength": 1})]
Count = Annotated[int, BeforeValidator(parse_count), WithJsonSchema({"type": "integer", "minimum": 1})]
Runbook = Annotated[
    str, BeforeValidator(parse_runbook), WithJsonSchema({"type": "string", "pattern": "^https?://"})
]
