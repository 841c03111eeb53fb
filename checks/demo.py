"""The demo: a small lake in this process, two days of it, and the emails that would come of them.

Everything but the lake is real: the config, the calls over HTTP to an emulator of Glue, S3 and SNS (moto),
Great Expectations, the state between the days, the message as it was published.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks import monitor
from checks.config import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BUCKET, _DENIED, _RAW = "acme-lake", "acme-finance-vault", "acme-raw"
_REGION = "eu-west-1"
_DAY = timedelta(days=1)
_DAY_ONE = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)  # a Tuesday, after a holiday on Monday
_STRING_DT = (("dt", "string"),)

CONFIG = """\
version: 1
name: demo
timezone: Europe/Berlin
topic: "${TOPIC_ARN}"
calendars:
  banking: {closed: [sat, sun], also_closed: [2026-11-23]}
defaults:
  freshness: {warn_after: 24h, error_after: 36h}
tables:
  - table: sales.*
    owner: sales-data
    runbook: https://wiki.example.com/sales-tables
    partitions: {every: 1d, due: "06:00", lookback: 14}
  - table: finance.*
    owner: finance-data
  - table: finance.ledger
    partitions: {every: 1d, due: "06:00"}
  - table: finance.exchange_rates
    partitions: {every: 1d, due: "07:00", calendar: banking}
  - table: web.*
    owner: web-analytics
  - table: web.clicks
    partitions: {every: 1h, after: 1h, lookback: 24}
  - table: web.search_terms
    partitions: {every: 1d, due: "06:00"}
  - table: ads.spend
    owner: marketing
    freshness: {by: "07:30", within: 6h}
  - table: crm.*
  - prefix: s3://acme-raw/partner-a/
    pattern: "*.csv.gz"
    owner: partnerships
    freshness: {max_age: 24h}
"""


def main() -> int:
    """Print the emails of two days, each beginning with its subject; return 0."""
    with tempfile.TemporaryDirectory() as folder, emulator() as server, _environment(server.url):
        lake = _Lake(server)
        topic = lake.build()
        config = load(_written(Path(folder), CONFIG), environ={"TOPIC_ARN": topic})
        for number, now in enumerate((_DAY_ONE, _DAY_ONE + _DAY), start=1):
            if number > 1:
                lake.live_another_day()
            print(
                f"{'=' * 78}\nDay {'one' if number == 1 else 'two'}: {now:%A %d %B %Y, %H:%M} UTC\n{'=' * 78}"
            )
            request = monitor.Request(now=now, event_id=f"demo-{number}")
            outcome = monitor.run(config, request, {**os.environ, "HISTORY": str(Path(folder) / "history")})
            for sentence in outcome.complaints:
                print(sentence, file=sys.stderr)
            for subject, body in server.emails():
                print(f"Subject: {subject}\n\n{body}")
    print(f"{'=' * 78}\nThat was `checks run` over {len(_TABLES) + 1} tables of an emulated account, twice.")
    print(
        "Next: write a checks.yml for your own tables and try `checks validate`, `checks plan`, `checks run --no-send`."
    )
    return 0


def _written(folder: Path, text: str) -> Path:
    path = folder / "checks.yml"
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def _environment(endpoint: str) -> Iterator[None]:
    """Point the AWS SDKs at the emulator alone, whatever account the user is signed in to."""
    values = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_REGION": _REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }
    dropped = [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_")]
    dropped += ["AWS_PROFILE", "AWS_SESSION_TOKEN", "CONFIG", "TABLES", "TOPIC_ARN"]
    before = {name: os.environ.get(name) for name in (*values, *dropped)}
    for name in dropped:
        os.environ.pop(name, None)
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@dataclass(frozen=True)
class Emulator:
    """A moto server on 127.0.0.1, in this process."""

    url: str

    def emails(self) -> list[tuple[str, str]]:
        """Return subject and body of what was published since the last call, as an email subscriber gets it."""
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.sns import sns_backends

        backend: Any = sns_backends[DEFAULT_ACCOUNT_ID][_REGION]
        found = []
        for topic in backend.topics.values():
            for _, message, subject, *_ in topic.sent_notifications:
                found.append((str(subject), _email_of(message)))
            topic.sent_notifications.clear()
        return found

    def set_date(self, bucket: str, key: str, instant: datetime) -> None:
        """Give an object the time that it is to have come at."""
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.s3 import s3_backends

        backend: Any = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        backend.buckets[bucket].keys[key].last_modified = instant.replace(tzinfo=None)


def _email_of(message: str) -> str:
    """Choose as SNS does: the text for email where the message has one per protocol."""
    try:
        parts = json.loads(message)
    except ValueError:
        return message
    return str(parts.get("email") or parts["default"])


@contextmanager
def emulator() -> Iterator[Emulator]:
    """Run moto over HTTP on a free port; one bucket answers "access denied", as buckets of others do."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_args: Any, **_kwargs: Any) -> None:
            """Say nothing: the emails are the output."""

    inner = DomainDispatcherApplication(create_backend_app)

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(f"/{_DENIED}"):
            body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            start_response(
                "403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
            )
            return [body]
        answer: Iterable[bytes] = inner(environ, start_response)
        return answer

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Emulator(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class _Spec:
    """A table of the demo: its keys, and the days of data that it has on day one."""

    name: str
    keys: tuple[tuple[str, str], ...] = ()
    bucket: str = _BUCKET


_TABLES = (
    _Spec("sales.orders", _STRING_DT),
    _Spec("sales.refunds", _STRING_DT),
    _Spec("sales.invoices", _STRING_DT),
    _Spec("sales.payments", _STRING_DT),
    _Spec("finance.ledger", (("year", "int"), ("month", "int"), ("day", "int"))),
    _Spec("finance.exchange_rates", _STRING_DT),
    _Spec("finance.salaries", bucket=_DENIED),
    _Spec("web.clicks", (("dt", "string"), ("hour", "string"))),
    _Spec("web.sessions"),
    _Spec("web.search_terms", _STRING_DT),
    _Spec("ads.spend"),
    _Spec("crm.leads"),
    _Spec("crm.contacts"),
)


class _Lake:
    """Builds the tables, and lets them live on for a day."""

    def __init__(self, server: Emulator) -> None:
        import boto3

        self.server = server
        self.s3: Any = boto3.client("s3")
        self.glue: Any = boto3.client("glue")
        self.sns: Any = boto3.client("sns")

    def build(self) -> str:
        """Make the lake as it stands on the morning of day one; return the topic's ARN."""
        for bucket in (_BUCKET, _RAW):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": _REGION})
        for database in sorted({spec.name.split(".")[0] for spec in _TABLES}):
            self.glue.create_database(DatabaseInput={"Name": database})
        for spec in _TABLES:
            self._create(spec)
        topic = str(self.sns.create_topic(Name="S3TableMonitoringNotifications")["TopicArn"])
        self.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="data-team@example.com")
        today = _DAY_ONE.date()
        days = [today - n * _DAY for n in range(1, 21)]
        for day in days:
            self._daily("sales.orders", day, "03:12")
            self._daily("sales.payments", day, "07:40" if day == days[0] else "02:30")
            self._daily("web.search_terms", day, "04:05", size=0 if day == days[0] else 900)
            self._ledger(day, "02:55")
            if day != days[0]:
                self._daily("sales.refunds", day, "03:20")
            self._daily("sales.invoices", day, "04:31", register=day != days[0])
            if day.weekday() < 5 and day != date(2026, 11, 23):
                self._daily("finance.exchange_rates", day, "05:10")
        self._clicks(_DAY_ONE - 2 * _DAY, _DAY_ONE)
        self._put("web.sessions", "part-0007.parquet", _DAY_ONE - timedelta(hours=41))
        self._put("ads.spend", "spend-2026-11-23.csv", _DAY_ONE - timedelta(hours=24, minutes=35))
        self._put("crm.leads", "leads.parquet", _DAY_ONE - timedelta(hours=5))
        self._put("crm.contacts", "contacts.parquet", datetime(2026, 3, 2, 9, 14, tzinfo=UTC))
        self._object(_RAW, "partner-a/2026-11-23.csv.gz", _DAY_ONE - timedelta(hours=9))
        self._object(_RAW, "partner-a/_SUCCESS", _DAY_ONE - timedelta(hours=9), 0)
        return topic

    def live_another_day(self) -> None:
        """Bring what comes between the two runs: most is well, one table comes back to life, one stops."""
        yesterday = _DAY_ONE.date()
        for name, at in (
            ("sales.orders", "03:15"),
            ("sales.refunds", "03:22"),
            ("web.search_terms", "04:02"),
        ):
            self._daily(name, yesterday, at)
        self._daily("sales.invoices", yesterday, "04:30")
        self._register("sales.invoices", (str(yesterday - _DAY),), _DAY_ONE + timedelta(hours=2))
        self._daily("finance.exchange_rates", yesterday, "05:11")
        self._ledger(yesterday, "02:58")
        self._clicks(_DAY_ONE, _DAY_ONE + _DAY)
        self._put("web.sessions", "part-0008.parquet", _DAY_ONE + timedelta(hours=6))
        self._put("ads.spend", "spend-2026-11-24.csv", _DAY_ONE + timedelta(hours=22))
        self._put("crm.leads", "leads.parquet", _DAY_ONE + timedelta(hours=19))
        self._object(_RAW, "partner-a/2026-11-24.csv.gz", _DAY_ONE + timedelta(hours=15))

    def _create(self, spec: _Spec) -> None:
        database, name = spec.name.split(".")
        self.glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in spec.keys],
                "StorageDescriptor": {
                    "Location": f"s3://{spec.bucket}/{database}/{name}/",
                    "Columns": [{"Name": "id", "Type": "bigint"}],
                },
            },
        )

    def _daily(self, table: str, day: date, at: str, *, size: int = 900, register: bool = True) -> None:
        """Land one day's partition on the morning after it, at a UTC time."""
        landed = datetime.combine(day + _DAY, time.fromisoformat(at), UTC)
        self._partition(table, (("dt", day.isoformat()),), landed, size=size, register=register)

    def _ledger(self, day: date, at: str) -> None:
        values = (("year", str(day.year)), ("month", str(day.month)), ("day", str(day.day)))
        self._partition("finance.ledger", values, datetime.combine(day + _DAY, time.fromisoformat(at), UTC))

    def _clicks(self, since: datetime, until: datetime) -> None:
        hour = since
        while hour < until:
            values = (("dt", hour.date().isoformat()), ("hour", f"{hour.hour:02d}"))
            self._partition("web.clicks", values, hour + timedelta(hours=1, minutes=11))
            hour += timedelta(hours=1)

    def _partition(
        self,
        table: str,
        values: tuple[tuple[str, str], ...],
        at: datetime,
        *,
        size: int = 900,
        register: bool = True,
    ) -> None:
        path = "/".join(f"{key}={value}" for key, value in values)
        self._put(table, f"{path}/part-0000.parquet", at, size)
        if register:
            self._register(table, tuple(value for _, value in values), at, path)

    def _register(self, table: str, values: tuple[str, ...], at: datetime, path: str | None = None) -> None:
        database, name = table.split(".")
        path = path or f"dt={values[0]}"
        self.glue.create_partition(
            DatabaseName=database,
            TableName=name,
            PartitionInput={
                "Values": list(values),
                "StorageDescriptor": {"Location": f"s3://{_BUCKET}/{database}/{name}/{path}/"},
            },
        )
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.glue import glue_backends

        backend: Any = glue_backends[DEFAULT_ACCOUNT_ID][_REGION]
        partition = backend.databases[database].tables[name].partitions[str(list(values))]
        partition.creation_time = at

    def _put(self, table: str, name: str, at: datetime, size: int = 900) -> None:
        self._object(_BUCKET, f"{table.replace('.', '/')}/{name}", at, size)

    def _object(self, bucket: str, key: str, at: datetime, size: int = 900) -> None:
        self.s3.put_object(Bucket=bucket, Key=key, Body=b"x" * size)
        self.server.set_date(bucket, key, at)
