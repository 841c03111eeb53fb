"""A day in the life of a lake, as findings and changes: shared by the tests of every rendering."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from checks.changes import State, advance, changes, complete
from checks.model import Cost, Finding, Item, ItemState, Limits, ProblemKind, Severity, Status
from checks.report.build import Report, build, news, part

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
DAY = timedelta(days=1)
HOSTILE = "<script>alert('x')</script>\n\x07BCC: all@example.com\u202egnp.exe\u200b"
PRANKS = (
    HOSTILE,
    "\x1b[31mred\x1b[0m",
    "<!channel> <@U12345> <#C12345|general> @here @channel @everyone",
    "[click](https://evil.example.com) **bold** _it_ ~no~ `code` ```block``` <at>you</at>",
    "&lt;!here&gt; & <https://evil.example.com|safe>",
    "x" * 10_000,
)
"""Names, owners and reasons that would do harm if a channel took them at their word."""
ALTER = (
    "ALTER TABLE web.sessions ADD IF NOT EXISTS PARTITION (dt='2026-11-22') "
    "LOCATION 's3://acme-web/sessions/dt=2026-11-22/'"
)


def finding(table: str = "sales.orders", status: Status = Status.PASS, **more: Any) -> Finding:
    """Return a finding; a failing one is critical unless told otherwise."""
    severity = Severity.CRITICAL if status is Status.FAIL else None
    fields: dict[str, Any] = {"check": "freshness", "because": f"{table} was seen.", "severity": severity}
    return Finding(table=table, status=status, **{**fields, **more})


def missing(*labels: str, state: ItemState = ItemState.MISSING) -> tuple[Item, ...]:
    """Return one item a label."""
    return tuple(Item(period=label, state=state, due_at=NOW - timedelta(hours=1)) for label in labels)


ORDERS = finding(
    "sales.orders",
    Status.FAIL,
    check="partitions",
    because=(
        "2 of the 14 days that are due have no data: 2026-11-21 and 2026-11-22, "
        "the last one due by Mon 23 Nov 2026 06:00 CET."
    ),
    items=(*missing("2026-11-21", "2026-11-22"), *missing("2026-11-20", state=ItemState.PRESENT)),
    deadline=datetime(2026, 11, 23, 5, 0, tzinfo=UTC),
    advice="see whether the load of 2026-11-22 ran, and run it again",
    usual="its data comes by 04:10",
    owner="finance-data",
    runbook="https://wiki.example.com/orders",
    console_url="https://eu-west-1.console.aws.amazon.com/glue/home#/v2/data-catalog/tables/view/orders",
)
CLICKS = finding(
    "web.clicks",
    Status.FAIL,
    severity=Severity.WARNING,
    because="The newest data came 31 h ago, on Sun 22 Nov 2026 00:30 CET; it should not be older than 24 h.",
    observed=NOW - timedelta(hours=31),
    expected=NOW - timedelta(hours=24),
    limits=Limits(warning=NOW - timedelta(hours=24), critical=NOW - timedelta(hours=36)),
    evidence="s3://acme-web/clicks/part-0001.parquet",
    deadline=datetime(2026, 11, 22, 23, 30, tzinfo=UTC),
    owner="web",
    stale_since=NOW - timedelta(hours=31),
)
SESSIONS = finding(
    "web.sessions",
    Status.FAIL,
    check="partitions",
    severity=Severity.WARNING,
    because="1 of the 14 days that are due lies in S3 and is not registered in Glue: 2026-11-22.",
    items=(
        Item(period="2026-11-22", state=ItemState.UNREGISTERED, remedy=ALTER),
        Item(period="2026-11-21", state=ItemState.LATE, dimensions=(("region", "eu"),)),
    ),
    owner="web",
)
DENIED = tuple(
    finding(
        f"hr.{name}",
        Status.UNKNOWN,
        because=f"hr.{name} could not be listed: access to the bucket acme-hr is denied (s3:ListBucket).",
        advice="allow s3:ListBucket on arn:aws:s3:::acme-hr for the monitor's role",
        problem=ProblemKind.DENIED,
        cause="denied acme-hr",
        owner="people",
    )
    for name in ("absences", "payroll", "staff")
)
DEAD = tuple(
    finding(
        f"legacy.t{number:02}",
        Status.FAIL,
        because=f"The newest data of legacy.t{number:02} came {30 + number} days ago.",
        stale_since=NOW - (30 + number) * DAY,
        owner="nobody",
    )
    for number in range(5)
)
SILENCED = finding(
    "web.old",
    Status.FAIL,
    because="No data.",
    silenced="web.old* until 2026-12-01 (migration)",
    owner="web",
)
FRESH = tuple(finding(f"ops.t{number:03}") for number in range(20))
ALL = (ORDERS, CLICKS, SESSIONS, *DENIED, *DEAD, SILENCED, *FRESH)
COST = Cost(
    requests=903, usd=0.0051, seconds=41.2, by_operation={"s3:ListObjectsV2": 880, "glue:GetTables": 23}
)
WHOLE_AT = "s3://acme-ops/table-monitor/runs/2026-11-23/run-2.json"


def report_of(
    findings: Iterable[Finding], state: State | None = None, *, now: datetime = NOW, **more: Any
) -> Report:
    """Return the report of a run that saw the findings, after what the state tells."""
    before = state or State()
    found = tuple(findings)
    news = changes(before, found, now, DAY, watched={one.table for one in found})
    fields: dict[str, Any] = {
        "run_id": "run-2",
        "name": "prod",
        "zone": ZoneInfo("Europe/Berlin"),
        "cost": COST,
    }
    first_run = before.is_first_run
    return build(findings=found, changes=news, now=now, first_run=first_run, **{**fields, **more})


def state_after(findings: Iterable[Finding], *, now: datetime, state: State | None = None) -> State:
    """Return the state after a run whose whole report was delivered."""
    before, found = state or State(), tuple(findings)
    news = changes(before, found, now, DAY, watched={one.table for one in found})
    after = advance(before, found, news, now, news)
    return complete(after, now=now, run_id="run-1", name="prod", tables={})


def first_day() -> Report:
    """Return the first report of all."""
    return report_of(ALL, whole_at=WHOLE_AT)


def second_day() -> Report:
    """Return the report of the day after: something new, something worse, something mended."""
    yesterday = (
        replace(ORDERS, items=missing("2026-11-20", "2026-11-21"), because="2 days have no data."),
        CLICKS,
        finding(
            "hr.absences", Status.FAIL, severity=Severity.WARNING, because="The newest data came 26 h ago."
        ),
        *DENIED[1:],
        *DEAD,
        finding("ads.spend", Status.FAIL, because="The newest data came 2 days ago.", owner="ads"),
        finding("web.gone", Status.FAIL, because="Never loaded."),
        finding("sales.old", Status.FAIL, check="partitions", items=missing("2026-11-08")),
    )
    today = (
        ORDERS,
        replace(CLICKS, severity=Severity.CRITICAL, because="The newest data came 55 h ago."),
        SESSIONS,
        *DENIED,
        *DEAD,
        SILENCED,
        finding("ads.spend", because="The newest data came 20 min ago.", owner="ads"),
        finding("sales.old", check="partitions", items=missing("2026-11-22", state=ItemState.PRESENT)),
        *FRESH,
    )
    state = state_after(yesterday, now=NOW - DAY)
    notes = ("The topic finance-data has no confirmed subscription, so nobody gets what is sent to it.",)
    return report_of(today, state, whole_at=WHOLE_AT, notes=notes)


def hostile() -> Report:
    """Return a report in which everything that comes from outside is a prank."""
    findings = [
        finding(
            f"db.{prank}",
            (Status.FAIL, Status.UNKNOWN)[number % 2],
            because=f"Reason {prank}",
            owner=prank,
            advice=f"do {prank}",
            statement=prank,
            usual=prank,
            runbook=f"https://wiki.example.com/{prank}",
            cause=f"cause {number}",
        )
        for number, prank in enumerate(PRANKS)
    ]
    items = (
        Item(
            period=PRANKS[2], state=ItemState.MISSING, dimensions=(("region", PRANKS[3]),), remedy=PRANKS[3]
        ),
    )
    items_too = finding("db.items", Status.FAIL, check="partitions", items=items)
    return report_of([*findings, items_too], name=PRANKS[2], notes=(PRANKS[2], PRANKS[3]))


def many() -> Report:
    """Return a report of more troubles than any chat shows, each of its own kind."""
    return report_of(
        [
            replace(
                ORDERS,
                table=f"db{number % 300}.t{number:04}",
                owner=f"team{number}",
                because=f"Reason {number}.",
            )
            for number in range(2000)
        ],
        whole_at=WHOLE_AT,
    )


def tried() -> Report:
    """Return what tries the ways that reports go."""
    report = build(findings=(), now=NOW, run_id="test-1", name="TEST of prod", notes=("This is a test.",))
    return replace(report, is_test=True)


CASES: dict[str, Report] = {
    "first_day": first_day(),
    "second_day": second_day(),
    "news_only": news(report_of(ALL, state_after(ALL[1:], now=NOW - timedelta(hours=1)))),
    "all_fresh": report_of(FRESH, state_after(FRESH, now=NOW - timedelta(days=1))),
    "of_a_part": part(second_day(), lambda one: one.owner == "web"),
    "hostile": hostile(),
    "test": tried(),
}
"""What every rendering is held to, line by line: a report by a name."""
