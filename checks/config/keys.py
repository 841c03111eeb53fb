"""The keys of a config outside of its checks: pydantic models, each key with what it means and an example."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    Field,
)

from checks.config.closed_times import CalendarBlock, WindowBlock
from checks.config.key_types import (
    AgeOfAnswer,
    FalseAlarms,
    Flag,
    History,
    Keeping,
    Moment,
    NameGlob,
    Region,
    Role,
    Topic,
    Version,
    place_alone,
)
from checks.config.routes import Route
from checks.rules.entry import EntryKeys
from checks.rules.key_types import ConfigBlock, Count, Duration, Text, Zone

Report = Literal["always", "on_change", "on_failure"]
MAX_AGE_OF_ANSWER = timedelta(days=7)
"""How long an answer stands where the config does not say, but for the lookback's own bound."""


class Account(ConfigBlock):
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


class _Watched(ConfigBlock):
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


class SilenceBlock(ConfigBlock):
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


class HistoryBlock(ConfigBlock):
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


class Settings(ConfigBlock):
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
