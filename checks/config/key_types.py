"""The kinds of value that a config holds, each read strictly, with what to write instead."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, WithJsonSchema

from checks.config.selectors import check_name_glob
from checks.learn.budget import parse_budget
from checks.rules.key_types import parse_text, show
from checks.rules.table_ids import parse_bucket
from checks.schedule.calendars import WEEKDAYS
from checks.schedule.durations import parse_duration
from checks.schedule.windows import parse_time_of_day

_TOPIC = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}"
_ROLE = r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+"
_REGION = r"[a-z]{2,3}(-[a-z]+){1,3}-\d{1,2}"
HIDDEN = "what is written here is not shown, since it may be a secret"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SHORTEST_KEEPING = timedelta(days=1)
_NOTHING = re.compile(r"0+(?:\.0+)?\s*[smhdw]", re.ASCII)


def parse_day(value: object) -> date:
    """Read a date; raise ValueError with what to write."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value.strip()):
            return date.fromisoformat(value.strip())
    except ValueError:
        pass
    raise ValueError(f"{show(value)} is not a date; write year-month-day, such as 2026-12-24")


def parse_moment(value: object) -> date | datetime:
    """Read a date, or a date and time with or without an offset; raise ValueError with what to write."""
    if isinstance(value, date):
        return value
    try:
        return parse_day(value)
    except ValueError:
        pass
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value.strip())
    except ValueError:
        pass
    advice = "write a date such as 2026-12-01, or with a time, such as 2026-12-01T18:00"
    raise ValueError(f"{show(value)} is not a date or time; {advice}")


def parse_age_of_answer(value: object) -> timedelta:
    """Read a duration, which may be zero, or ``off`` for zero; raise ValueError with what to write."""
    text = value.strip() if isinstance(value, str) else value
    if text == "off" or (isinstance(text, str) and _NOTHING.fullmatch(text)):
        return timedelta(0)
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{error}; or off, to look at each partition in each run") from None


def parse_version(value: object) -> int:
    """Read the version of the format; raise ValueError with what to write."""
    if value == 1 and not isinstance(value, bool):
        return 1
    raise ValueError(f"{show(value)} is not a version that is known here; write version: 1")


def parse_weekday(value: object) -> str:
    """Read a weekday's short name; raise ValueError with what to write."""
    if isinstance(value, str) and value.strip().lower() in WEEKDAYS:
        return value.strip().lower()
    raise ValueError(f"{show(value)} is not a weekday; write one of {', '.join(WEEKDAYS)}")


def parse_window_day(value: object) -> str | date:
    """Read a weekday's short name or a date; raise ValueError with what to write."""
    for parse in (parse_weekday, parse_day):
        try:
            return parse(value)
        except ValueError:
            continue
    days = ", ".join(WEEKDAYS)
    raise ValueError(f"{show(value)} is no day; write one of {days}, or a date such as 2026-12-24")


def shown(text: str) -> str:
    """Write a target as it stands in a config, but for an address: whoever knows one may be able to send there."""
    return f"an address ({HIDDEN})" if "://" in text and not text.startswith("s3://") else show(text)


def parse_topic(value: object) -> str:
    """Read the ARN of an SNS topic; raise ValueError with what to write."""
    text = parse_text(value)
    if re.fullmatch(_TOPIC, text, re.ASCII):
        return text
    if re.fullmatch(_TOPIC + r"\.fifo", text, re.ASCII):
        raise ValueError(f"{show(text)} is a FIFO topic, which cannot send email; name a standard topic")
    advice = "write one such as arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications"
    raise ValueError(f"{shown(text)} is not an SNS topic's ARN; {advice}")


def parse_role(value: object) -> str:
    """Read the ARN of an IAM role; raise ValueError with what to write."""
    text = parse_text(value)
    if re.fullmatch(_ROLE, text, re.ASCII):
        return text
    raise ValueError(
        f"{show(text)} is not a role's ARN; write one such as arn:aws:iam::111122223333:role/monitor"
    )


def parse_region(value: object) -> str:
    """Read an AWS region's name; raise ValueError with what to write."""
    text = parse_text(value)
    if re.fullmatch(_REGION, text, re.ASCII):
        return text
    raise ValueError(f"{show(text)} is not an AWS region; write one such as eu-west-1")


def parse_history(value: object) -> str:
    """Read a local folder or an s3:// URI (a slash is added); raise ValueError with what to write."""
    text = parse_text(value)
    if text.startswith("s3://"):
        return parse_bucket(text)
    if "://" in text:
        raise ValueError(
            f"{show(text)} is neither a local folder nor an s3:// URI; write such as s3://bucket/monitor/"
        )
    return text


def place_alone(value: object) -> object:
    """Put a place that stands alone into the block of the history; raise ValueError where it is none."""
    return value if isinstance(value, dict | BaseModel) else {"at": parse_history(value)}


def parse_keeping(value: object) -> timedelta:
    """Read how long something is kept: a duration of at least a day; raise ValueError with what to write."""
    span = parse_duration(value)
    if span < _SHORTEST_KEEPING:
        raise ValueError(
            f"{show(value)} is shorter than a day, and days are deleted whole; write such as 400d"
        )
    return span


def parse_name_glob(value: object) -> str:
    """Read a name that may hold * and ?; raise ValueError with what to write."""
    return check_name_glob(parse_text(value))


def parse_flag(value: object) -> bool:
    """Read true or false, also as a variable holds them; raise ValueError with what to write."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise ValueError(f"{show(value)} is neither true nor false; write one of them, such as true")


def one_or_more(value: object) -> object:
    """Put a word that stands alone into a list."""
    return [value] if isinstance(value, str) else value


Topic = Annotated[
    str, BeforeValidator(parse_topic), WithJsonSchema({"type": "string", "pattern": f"^{_TOPIC}$"})
]
Role = Annotated[
    str, BeforeValidator(parse_role), WithJsonSchema({"type": "string", "pattern": f"^{_ROLE}$"})
]
Region = Annotated[
    str, BeforeValidator(parse_region), WithJsonSchema({"type": "string", "pattern": f"^{_REGION}$"})
]
Day = Annotated[date, BeforeValidator(parse_day), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[
    date | datetime,
    BeforeValidator(parse_moment),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$"}),
]
AgeOfAnswer = Annotated[
    timedelta,
    BeforeValidator(parse_age_of_answer),
    WithJsonSchema({"type": "string", "pattern": r"^(off|\d+(\.\d+)?\s*[smhdw])$"}),
]
FalseAlarms = Annotated[
    float,
    BeforeValidator(parse_budget),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*/\s*(week|month|year)$"}),
]
"""A config value such as ``1/month``, as so many a month."""
Weekday = Annotated[
    str, BeforeValidator(parse_weekday), WithJsonSchema({"type": "string", "enum": list(WEEKDAYS)})
]
WindowDay = Annotated[
    str | date,
    BeforeValidator(parse_window_day),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": list(WEEKDAYS)},
                {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
            ]
        }
    ),
]
TimeOfDay = Annotated[
    timedelta,
    BeforeValidator(parse_time_of_day),
    WithJsonSchema({"type": "string", "pattern": r"^(([01]?\d|2[0-3]):[0-5]\d|24:00)$"}),
]
NameGlob = Annotated[
    str, BeforeValidator(parse_name_glob), WithJsonSchema({"type": "string", "minLength": 1})
]
NameGlobs = Annotated[
    tuple[NameGlob, ...],
    BeforeValidator(one_or_more),
    WithJsonSchema(
        {"type": ["string", "array"], "minLength": 1, "items": {"type": "string", "minLength": 1}}
    ),
]
Flag = Annotated[bool, BeforeValidator(parse_flag), WithJsonSchema({"type": "boolean"})]
Version = Annotated[int, BeforeValidator(parse_version), WithJsonSchema({"const": 1})]
History = Annotated[str, BeforeValidator(parse_history), WithJsonSchema({"type": "string", "minLength": 1})]
Keeping = Annotated[
    timedelta,
    BeforeValidator(parse_keeping),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhdw]$"}),
]
