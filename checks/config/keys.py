"""The keys of a config outside of its checks: pydantic models, each key with what it means and an example."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from checks.config.key_types import (
    AgeOfAnswer,
    Day,
    FalseAlarms,
    Flag,
    History,
    Keeping,
    Moment,
    NameGlob,
    NameGlobs,
    Region,
    Role,
    TimeOfDay,
    Topic,
    Version,
    Weekday,
    WindowDay,
    one_or_more,
    place_alone,
)
from checks.config.selectors import matches_name
from checks.config.targets import Targets
from checks.model import Severity, Status
from checks.rules.entry import EntryKeys
from checks.rules.key_types import Count, Duration, Text, Zone
from checks.schedule.calendars import WEEKDAYS, Calendar, public_holidays
from checks.schedule.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

Report = Literal["always", "on_change", "on_failure"]
MAX_AGE_OF_ANSWER = timedelta(days=7)
"""How long an answer stands where the config does not say, but for the lookback's own bound."""


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class CalendarBlock(_Block):
    """On which local dates a table's source rests: nothing is due then."""

    country: Text | None = Field(
        None,
        description="Public holidays of this country are closed: its ISO 3166 code.",
        examples=["DE", "NO"],
    )
    subdivision: Text | None = Field(
        None, description="A state or province of the country, for its own holidays.", examples=["BE"]
    )
    closed: tuple[Weekday, ...] = Field(
        (), description="Weekdays that are always closed.", examples=[["sat", "sun"]]
    )
    also_closed: tuple[Day, ...] = Field(
        (), description="Further dates that are closed.", examples=[["2026-12-24"]]
    )
    also_open: tuple[Day, ...] = Field(
        (),
        description="Dates that are open whatever else says that they are closed.",
        examples=[["2026-12-27"]],
    )

    @field_validator("country")
    @classmethod
    def _is_known(cls, country: str | None) -> str | None:
        if country is not None:
            public_holidays(country)
        return country

    @field_validator("subdivision")
    @classmethod
    def _is_part_of_country(cls, subdivision: str | None, info: ValidationInfo) -> str | None:
        if subdivision is not None and "country" in info.data:  # else the country is wrong already
            if info.data["country"] is None:
                raise ValueError("needs a country; write country beside it, such as country: DE")
            public_holidays(info.data["country"], subdivision)
        return subdivision

    @field_validator("closed")
    @classmethod
    def _leaves_a_day(cls, closed: tuple[str, ...]) -> tuple[str, ...]:
        if set(closed) == set(WEEKDAYS):
            raise ValueError("closes every weekday, so nothing would ever be due; leave at least one open")
        return closed

    @field_validator("also_open")
    @classmethod
    def _is_not_closed_too(cls, also_open: tuple[date, ...], info: ValidationInfo) -> tuple[date, ...]:
        if both := set(info.data.get("also_closed", ())).intersection(also_open):
            raise ValueError(f"{min(both)} is in also_closed too; keep one of them")
        return also_open

    def build(self, name: str) -> Calendar:
        """Return the calendar."""
        return Calendar(
            name,
            frozenset(WEEKDAYS.index(day) for day in self.closed),
            frozenset(self.also_closed),
            frozenset(self.also_open),
            public_holidays(self.country, self.subdivision) if self.country is not None else None,
        )


class WindowBlock(_Block):
    """A stretch of time in which nothing is due, such as maintenance: deadlines within it move to its end."""

    days: tuple[WindowDay, ...] = Field(
        (),
        description="Weekdays or dates on which it begins; every day when absent.",
        examples=[["sun"], ["sat", "2026-12-24"]],
    )
    start: TimeOfDay = Field(description="The time of day at which it begins.", examples=["02:00"])
    end: TimeOfDay = Field(
        description="The time of day at which it ends, up to 24:00; of the next day where that is before its start.",
        examples=["04:00", "24:00"],
    )
    timezone: Zone | None = Field(
        None,
        description="The zone of its times; that of the deadlines when absent.",
        examples=["America/New_York"],
    )

    @field_validator("start")
    @classmethod
    def _begins_within_the_day(cls, start: timedelta) -> timedelta:
        if start >= timedelta(days=1):
            raise ValueError("a window begins before the end of a day; write 00:00 of the day after")
        return start

    @field_validator("end")
    @classmethod
    def _lasts(cls, end: timedelta, info: ValidationInfo) -> timedelta:
        if info.data.get("start") == end:
            raise ValueError(
                'is its start, so it lasts no time; for a whole day write start: "00:00", end: "24:00"'
            )
        return end

    def build(self) -> Window:
        """Return the window."""
        return Window(
            self.start,
            self.end,
            frozenset(WEEKDAYS.index(day) for day in self.days if isinstance(day, str)),
            frozenset(day for day in self.days if not isinstance(day, str)),
            self.timezone,
        )


class Account(_Block):
    """Another AWS account, whose tables are read through a role of it."""

    role_arn: Role = Field(
        description="The role in that account that the monitor takes on.",
        examples=["arn:aws:iam::111122223333:role/monitor"],
    )
    region: Region | None = Field(
        None, description="The region of its catalog; the monitor's own when absent.", examples=["us-east-1"]
    )
    external_id: Text | None = Field(
        None, description="The external id that the role asks for.", examples=["${PARTNER_ID}"]
    )


class _Watched(_Block):
    """Which tables an entry speaks of."""

    table: Text | None = Field(
        None,
        description="A table of the Glue catalog as database.table; * stands for any characters, ? for one.",
        examples=["sales.orders", "sales.*", "*.events_*"],
    )
    prefix: Text | None = Field(
        None,
        description="A location without a catalog entry; a slash is added at its end. Where it holds a Delta, Hudi or "
        "Iceberg table, that is judged by its log.",
        examples=["s3://acme-raw/partner-a/"],
    )
    exclude: tuple[Text, ...] = Field(
        (),
        description="Tables that a glob leaves out: names or globs of tables, or of database.table.",
        examples=[["tmp_*"], ["sales.orders_old"]],
    )
    account: Text | None = Field(
        None, description="The account that the table is in: a name out of accounts.", examples=["partner"]
    )


class EntryBlock(EntryKeys, _Watched):
    """What is watched, and how: exactly one of table and prefix, and a block for each check."""


class Match(_Block):
    """Which findings a route takes: all of the keys must match; in a list, any item."""

    owner: NameGlobs | None = Field(None, description="Owners, or globs of them.", examples=["finance-data"])
    database: NameGlobs | None = Field(
        None, description="Databases, or globs of them.", examples=["sales", "web_*"]
    )
    table: NameGlobs | None = Field(
        None,
        description="Tables by their id (database.table or prefix), or globs of it.",
        examples=["sales.*"],
    )
    severity: (
        Annotated[
            tuple[Literal["warning", "critical", "unknown"], ...],
            BeforeValidator(one_or_more),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"enum": ["warning", "critical", "unknown"]},
                        {"type": "array", "items": {"enum": ["warning", "critical", "unknown"]}},
                    ]
                }
            ),
        ]
        | None
    ) = Field(
        None,
        description="How bad: warning, critical, or unknown for what could not be checked.",
        examples=["critical", ["critical", "unknown"]],
    )


class Route(Targets):
    """Somebody who gets a part of the report: match says which, and one key more says where."""

    match: Match = Field(description="Which findings it gets.", examples=[{"owner": "finance-data"}])

    @property
    def takes_all(self) -> bool:
        """Whether its part is the whole report: it matches tables by ``*``, and asks for nothing else."""
        match = self.match
        return match.table == ("*",) and match.owner is match.database is match.severity is None

    def takes(self, table: str, owner: str | None, status: Status, severity: Severity | None) -> bool:
        """Tell whether the route takes a finding (or change) on the table of that id."""
        words = frozenset({word_of(status, severity)})
        return self.takes_kind(owner, database_of(table), words) and self.takes_table(table)

    def takes_kind(self, owner: str | None, database: str, words: frozenset[str | None]) -> bool:
        """Tell whether the route takes what is of that owner and database, and as bad as one of the words says."""
        match = self.match
        return (
            (match.severity is None or not words.isdisjoint(match.severity))
            and (match.owner is None or any(matches_name(glob, owner or "") for glob in match.owner))
            and (match.database is None or any(matches_name(g.lower(), database) for g in match.database))
        )

    def takes_table(self, table: str) -> bool:
        """Tell whether the route takes what is of the table of that id, as far as its name says."""
        return self.match.table is None or any(matches_id(glob, table) for glob in self.match.table)


WORDS = frozenset[str | None]({"warning", "critical", "unknown"})
"""How bad what a route takes may be, in its own words."""


def word_of(status: Status, severity: Severity | None) -> str | None:
    """Return how bad a finding is in the words of routes, None where it is well."""
    return "unknown" if status is Status.UNKNOWN else severity.value if severity else None


def routes_by_key(routes: Iterable[Route]) -> dict[str, Route]:
    """Return the routes by what each is remembered by: its kind, what it takes, and a number where several are alike.

    An address that is corrected is the same route still: it gets what could not be delivered to the wrong one.
    """
    found: dict[str, Route] = {}
    for route in routes:
        taken = json.dumps(route.match.model_dump(exclude_none=True), sort_keys=True)
        key = alike = f"{route.target.kind} {taken}"
        number = 1
        while key in found:
            number += 1
            key = f"{alike} #{number}"
        found[key] = route
    return found


def database_of(table: str) -> str:
    """Return the database in a table's id; empty for a prefix."""
    return "" if table.startswith("s3://") else table.rpartition("/")[2].split(".", 1)[0]


def matches_id(glob: str, table: str) -> bool:
    """Tell whether a glob matches a table's id; names in any case, the account may be left out.

    ``web.*`` matches ``web.clicks`` and ``partner/web.clicks``; ``*`` matches everything.
    """
    if table.startswith("s3://") or glob.startswith("s3://"):
        return matches_name(glob, table) or matches_name(glob, table.rstrip("/"))
    lowered = glob.lower()
    account, _, name = table.rpartition("/")
    return matches_name(lowered, name) or (bool(account) and matches_name(lowered, table.lower()))


class SilenceBlock(_Block):
    """Findings that are known and need no alarm until a day: still in JSON and history."""

    table: NameGlob = Field(
        description="Tables by their id (database.table or prefix), or a glob of it.", examples=["web.*"]
    )
    check: Text | None = Field(None, description="Only this check; all when absent.", examples=["freshness"])
    until: Moment = Field(
        description="When it ends: a date (as that day starts, in the file's timezone) or a date and time.",
        examples=["2026-12-01", "2026-12-01T18:00"],
    )
    because: Text = Field(description="Why; told beside the findings.", examples=["migration"])


class HistoryBlock(_Block):
    """Where what was told and seen is kept, and for how long; the place alone may stand in its stead."""

    at: History | None = Field(
        None,
        description="A local folder (.checks/ when absent, or what HISTORY says) or s3:// URI.",
        examples=["s3://acme-ops/table-monitor/"],
    )
    keep: Keeping | None = Field(
        None,
        description="How long runs and what they saw are kept; what is older is deleted once a day. Without it nothing "
        "is ever deleted.",
        examples=["400d"],
    )


def _or_a_place(schema: dict[str, Any]) -> None:
    """Let a schema that refers to the block take a place in its stead."""
    schema["anyOf"] = [{"$ref": schema.pop("$ref")}, {"type": "string", "minLength": 1}]
    del schema["default"]


class Settings(_Block):
    """The keys at the top of a config that hold a single value."""

    version: Version = Field(description="The version of this format: 1.", examples=[1])
    name: Text | None = Field(
        None,
        description="What the report calls this set of tables, such as the environment. What was told is remembered "
        "under it; under the file's name without the ending when absent.",
        examples=["prod"],
    )
    timezone: Zone = Field(
        ZoneInfo("UTC"),
        description="The zone of deadlines and of the report.",
        examples=["Europe/Berlin"],
    )
    topic: Topic | None = Field(
        None,
        description="The SNS topic that gets the whole report.",
        examples=["${TOPIC_ARN}", "arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications"],
    )
    history: Annotated[HistoryBlock, BeforeValidator(place_alone)] = Field(
        HistoryBlock(),
        validate_default=False,
        description="What was told before and what was seen is kept here: a local folder (.checks/ when absent) or "
        "s3:// URI; or a block of the place and how long to keep it.",
        examples=["s3://acme-ops/table-monitor/", {"at": "s3://acme-ops/table-monitor/", "keep": "400d"}],
        json_schema_extra=_or_a_place,
    )
    report: Report = Field(
        "always",
        description="When to send: always (all of it once a day, then only news), on_change, on_failure.",
        examples=["on_change"],
    )
    remind_every: Duration = Field(
        timedelta(days=1),
        description="How often what goes on failing is told again.",
        examples=["1d"],
    )
    resolve_after: Count = Field(
        1,
        le=100,
        description="How many runs in a row have to see a trouble mended before it is told as resolved.",
        examples=[2],
        json_schema_extra={"maximum": 100},
    )
    links: Flag = Field(
        default=False,
        description="Whether reports for people link tables to the Glue console; the JSON has the links anyway.",
        examples=[True],
    )
    concurrency: Count = Field(
        16,
        le=256,
        description="How many tables are read at once, at most 256.",
        examples=[16],
        json_schema_extra={"maximum": 256},
    )
    timeout: Duration = Field(
        timedelta(seconds=60),
        description="How long one table may take before it is unknown.",
        examples=["60s"],
        json_schema_extra={"default": "60s"},
    )
    max_requests: Count | None = Field(
        None,
        description="No run makes more requests to AWS than this; what is left is unknown.",
        examples=[5000],
    )
    max_age_of_answer: AgeOfAnswer = Field(
        MAX_AGE_OF_ANSWER,
        description="How long what an earlier run saw of a partition may stand in place of another look, at most half "
        "of the lookback, or what it read of an Iceberg table whose metadata file is still the same; data deleted "
        "meanwhile is noticed by then. off (or 0s): each of them is looked at in each run.",
        examples=["7d", "off"],
        json_schema_extra={"default": "7d"},
    )
    false_alarms: FalseAlarms = Field(
        1.0,
        description="How many false alarms all learned limits (auto) together may raise: a number and /week, /month or "
        "/year. It is shared over the tables; a share is at least 0.05 and at most 4 a table and year.",
        examples=["1/month", "6/year"],
        json_schema_extra={"default": "1/month"},
    )


class File(Settings):
    """A config of s3-table-monitor: which S3 tables should have which data by when."""

    calendars: dict[str, CalendarBlock] = Field(
        {},
        description="Days on which nothing is due, by a name of your own.",
        examples=[{"de": {"country": "DE", "closed": ["sat", "sun"]}}],
    )
    windows: dict[str, WindowBlock | Annotated[tuple[WindowBlock, ...], Field(min_length=1)]] = Field(
        {},
        description="Stretches of time in which nothing is due, by a name of your own: one, or a list of several.",
        examples=[{"maintenance": [{"days": ["sun"], "start": "02:00", "end": "04:00"}]}],
    )
    accounts: dict[str, Account] = Field(
        {},
        description="Other AWS accounts, by a name of your own.",
        examples=[{"partner": {"role_arn": "arn:aws:iam::111122223333:role/monitor"}}],
    )
    defaults: dict[str, Any] = Field(
        {},
        description="Blocks of checks that hold for all tables that do not say otherwise.",
        examples=[{"freshness": {"warn_after": "24h", "error_after": "36h"}}],
    )
    tables: tuple[EntryBlock, ...] = Field(
        description="The tables to watch. An exact name beats a glob, more literal characters beat fewer.",
        examples=[[{"table": "sales.orders", "freshness": {"max_age": "24h"}}]],
    )
    routes: tuple[Route, ...] = Field(
        (),
        description="Who else is told, each of their part of the report: by mail, chat, event, webhook or file.",
        examples=[
            [{"match": {"owner": "finance-data"}, "topic": "arn:aws:sns:eu-west-1:123456789012:finance-data"}]
        ],
    )
    silences: tuple[SilenceBlock, ...] = Field(
        (),
        description="What is known and needs no alarm until a day.",
        examples=[[{"table": "web.*", "until": "2026-12-01", "because": "migration"}]],
    )
