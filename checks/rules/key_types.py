"""What a key of a check may hold beside plain words and numbers, with what to write where it holds something else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from checks.model import Severity
from checks.schedule.durations import parse_duration, parse_size

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
