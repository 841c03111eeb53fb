"""An emulated account as a run sees it: a topic, what was published to it, tables in a few words."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns import sns_backends

from checks import monitor
from checks.config import load
from tests.support.times import DAY, at

if TYPE_CHECKING:
    from datetime import datetime

    from checks.monitor import Outcome
    from tests.support.lakes import HttpLake

REGION = "eu-west-1"


@dataclass
class Mail:
    """A published message, as an email subscriber and as a machine gets it."""

    subject: str
    parts: dict[str, str]

    @property
    def text(self) -> str:
        return self.parts["email"]

    @property
    def json(self) -> Any:
        return json.loads(self.parts["sqs"])


@dataclass
class Team:
    """A topic with a subscriber, and what has come of it since it was last asked."""

    lake: HttpLake
    name: str = "S3TableMonitoringNotifications"
    topic: str = field(init=False)

    def __post_init__(self) -> None:
        sns = boto3.client("sns")
        self.topic = sns.create_topic(Name=self.name)["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="email", Endpoint="data-team@example.com")

    def mails(self) -> list[Mail]:
        backend: Any = sns_backends[DEFAULT_ACCOUNT_ID][REGION]
        sent = backend.topics[self.topic].sent_notifications
        found = [Mail(str(subject), json.loads(message)) for _, message, subject, *_ in sent]
        sent.clear()
        return found

    def mail(self) -> Mail:
        """The one mail that came since the last call."""
        (mail,) = self.mails()
        return mail


def land_days(
    lake: HttpLake, table: Any, first: str, last: str, after: timedelta = timedelta(hours=3)
) -> None:
    """Register a partition a day and put an object into it that came so long after the day's end."""
    day, end = date.fromisoformat(first), date.fromisoformat(last)
    while day <= end:
        land(lake, table, day.isoformat(), at(f"{day} 00:00") + DAY + after)
        day += DAY


def land(lake: HttpLake, table: Any, value: str, came: datetime) -> None:
    lake.put(f"{table.location}dt={value}/part-0.parquet", came)
    lake.register(table, [value], at=came)


def run(team: Team | None, now: datetime, *tables: dict[str, Any], **settings: Any) -> Outcome:
    """Run a config of these entries; settings may be those of the request too."""
    request = {
        name: settings.pop(name) for name in list(settings) if name in monitor.Request.__dataclass_fields__
    }
    topic = {"topic": team.topic} if team is not None else {}
    config = load({"version": 1, "name": "prod", **topic, "tables": list(tables), **settings}, environ={})
    return monitor.run(config, monitor.Request(now=now, **request), os.environ)


def one(outcome: Outcome, table: str) -> Any:
    """Return the one finding of a table."""
    (finding,) = (finding for finding in outcome.report.findings if finding.table == table)
    return finding
