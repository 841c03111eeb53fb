"""In which zone a Hudi timeline is written: by the times of files, the head of the properties, or as it is stated."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import hudi
from checks.lake.formats.hudi import timeline
from checks.lake.formats.hudi import times as hudi_times
from checks.lake.formats.hudi import zone as hudi_zone
from checks.lake.s3.objects import Key
from checks.model import Arrival, Format, Observation, ProblemKind, Unobserved
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.tables_by_engines import (
    NOW,
    freshness,
    observe,
    plan_of,
)
from tests.support.times import HOUR, SECOND, at

READER = hudi.READER
EIGHT, NINE, TEN, ELEVEN = (at(f"11-21 {hour:02d}:00") for hour in (8, 9, 10, 11))
MINUTE = 60 * SECOND


def see(table: HudiTable, now: Any = NOW, rule: Any = None, **clock: Any) -> Observation:
    return observe(READER, plan_of(Format.HUDI, rule or freshness()), table.objects, now, **clock)


def uri(table: HudiTable, name: str) -> str:
    return f"s3://lake/{table.folder}{name}"


@pytest.mark.parametrize("hours", [-12, -5, -3.5, 0, 2, 5.75, 14])
@pytest.mark.parametrize("version", [6, 8])
def test_the_offset_is_found_from_the_times_of_the_instants_own_files(hours: float, version: int) -> None:
    table = HudiTable(version=version, offset=hours * HOUR)
    for instant in (EIGHT, NINE):
        table.instant(instant, "commit", hudi_commit(avro=version == 8), took=47 * MINUTE)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == NINE + 47 * MINUTE
    assert seen.notes == ()


def test_each_instant_has_the_offset_of_its_own_side_of_a_change_of_clocks() -> None:
    table = HudiTable(offset=2 * HOUR)
    table.instant(at("10-24 12:00"), "commit", hudi_commit())
    table.offset = HOUR
    for day in range(26, 30):
        table.instant(at(f"10-{day} 12:00"), "clean")
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == at("10-24 12:00")


def test_a_stated_zone_needs_no_other_evidence() -> None:
    table = HudiTable(more={"hoodie.table.timeline.timezone": "UTC"})
    table.instant(EIGHT, "commit", hudi_commit())
    table.copied(NOW)
    assert see(table).newest == Arrival(EIGHT, uri(table, "20261121080000000.commit"))
    table = HudiTable(offset=HOUR, more={"hoodie.table.timeline.timezone": "Europe/Berlin"})
    table.instant(EIGHT, "commit", hudi_commit())
    table.copied(NOW)
    assert see(table).newest == Arrival(EIGHT, uri(table, "20261121090000000.commit"))


def test_of_a_copy_the_head_of_the_properties_tells_the_zone_and_says_so() -> None:
    head = ("#Properties saved on 2026-07-07T05:13:01.401Z", "#Tue Jul 07 00:13:01 CDT 2026")
    table = HudiTable(offset=-5 * HOUR, head=head)
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "commit", hudi_commit())
    table.copied(NOW)
    seen = see(table)
    assert seen.newest == Arrival(NINE, uri(table, "20261121040000000.commit"))
    assert seen.newest_complete
    (note,) = seen.notes
    assert note == (
        "sales.orders: its instants are in local time: taken as CDT (UTC-05:00) as the head of hoodie.properties "
        "says; they may be an hour off where clocks change"
    )


def test_of_a_copy_written_in_utc_the_head_is_sure() -> None:
    table = HudiTable(
        version=8, head=("#Updated at 2026-12-20T21:01:18.422371Z", "#Sun Dec 20 21:01:18 UTC 2026")
    )
    table.instant(NINE, "commit", hudi_commit(avro=True))
    table.copied(NOW)
    seen = see(table)
    assert seen.newest is not None
    assert (seen.newest.at, seen.notes) == (NINE, ())


@pytest.mark.parametrize(
    ("written", "hours", "told", "sure"),
    [
        (NOW - 20 * HOUR, 48, -14, False),  # fresh in any zone: the earliest proves it
        (NOW - 20 * HOUR, 24, -14, False),  # fresh in some zones only
        (NOW - 80 * HOUR, 24, 12, True),  # stale in any zone: the latest proves it
    ],
)
def test_without_any_evidence_only_what_holds_in_every_zone_is_said(
    written: Any, hours: int, told: int, *, sure: bool
) -> None:
    table = HudiTable()
    table.instant(written, "commit", hudi_commit())
    table.copied(NOW + 100 * HOUR)
    seen = see(table, rule=freshness(hours))
    assert seen.newest is not None
    assert seen.newest.at == written + told * HOUR
    assert seen.newest_complete is sure
    told_text = seen.notes[-1] if seen.problem is None else seen.problem.message
    assert "are in local time and nothing tells its zone" in told_text


def test_hourly_instants_that_were_copied_at_once_do_not_agree_on_an_offset() -> None:
    table = HudiTable()
    for hour in range(8):
        table.instant(EIGHT + hour * HOUR + 5 * SECOND, "commit", hudi_commit())
    table.copied(EIGHT + 7 * HOUR + 30 * SECOND)
    seen = see(table)
    assert not seen.newest_complete


UTC_HEAD = ("#Updated at 2026-11-21T08:00:00.000Z", "#Sat Nov 21 08:00:00 UTC 2026")
BERLIN_HEAD = ("#Updated at 2026-11-21T08:00:00.000Z", "#Sat Nov 21 09:00:00 CET 2026")


@pytest.mark.parametrize("minutes", [2, 61, 180, 301, 612])
@pytest.mark.parametrize(("head", "offset"), [(UTC_HEAD, 0 * HOUR), (BERLIN_HEAD, HOUR)])
@pytest.mark.parametrize(
    "instants", [(EIGHT,), (EIGHT, EIGHT + 5 * MINUTE), (EIGHT, NINE), (EIGHT, NINE, TEN)]
)
@pytest.mark.parametrize("version", [6, 8])
def test_a_copy_made_soon_after_does_not_pass_for_another_zone(
    version: int, instants: tuple[Any, ...], head: tuple[str, ...], offset: timedelta, minutes: int
) -> None:
    table = HudiTable(version=version, head=head, offset=offset)
    for instant in instants:
        table.instant(instant, "commit", hudi_commit(avro=version == 8))
    table.copied(instants[-1] + minutes * MINUTE)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == instants[-1]


def test_instants_after_a_table_was_moved_tell_its_zone() -> None:
    table = HudiTable(offset=-5 * HOUR)
    moved_at = EIGHT - 5 * MINUTE
    for hour in range(1, 60):
        table.instant(EIGHT - hour * HOUR, "commit", hudi_commit())
    table.copied(moved_at)
    for hour in range(4):
        table.instant(EIGHT + hour * HOUR, "clean")
    seen = see(table, rule=freshness(99))
    assert seen.newest is not None
    assert (seen.newest.at, seen.newest_complete) == (EIGHT - HOUR, True)


@pytest.mark.parametrize("minutes", [1, 7, 30, 60, 240])
@pytest.mark.parametrize("change", ["2026-03-29 01:00", "2026-10-25 01:00"])
def test_instants_round_a_change_of_clocks_come_out_right(change: str, minutes: int) -> None:
    """But for the hour that comes twice: its names are out of order in Hudi itself."""
    berlin = ZoneInfo("Europe/Berlin")
    table = HudiTable()
    for step in range(-20, 80):
        instant = at(change) + step * minutes * MINUTE + 11 * SECOND
        table.offset = instant.astimezone(berlin).utcoffset() or 0 * HOUR
        table.instant(instant, "commit", hudi_commit())
        since = instant - at(change)
        if "10-25" in change and 0 * HOUR <= since < HOUR + minutes * MINUTE:
            continue
        seen = see(table, instant + MINUTE, rule=freshness(9999))
        assert seen.newest is not None
        assert seen.newest.at == instant


def test_files_that_were_copied_one_after_the_other_tell_no_zone() -> None:
    table = HudiTable()
    for hour in range(3):
        table.instant(EIGHT + hour * HOUR, "commit", hudi_commit())
    for number, key in enumerate(sorted(table.objects.objects)):
        table.objects.modified[key] = ELEVEN + number * 10 * SECOND
    assert not see(table).newest_complete


def test_no_clock_on_earth_is_a_quarter_of_an_hour_off() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.copied(EIGHT + 75 * MINUTE)
    assert not see(table).newest_complete


@pytest.mark.parametrize(
    ("minutes", "sure", "fresh"),
    [(59, False, False), (-59, False, True), (61, True, False), (-61, True, True)],
)
def test_an_hour_that_summer_time_may_make_is_unknown_where_it_decides(
    minutes: int, *, sure: bool, fresh: bool
) -> None:
    head = ("#Updated at 2026-07-07T05:13:01.401Z", "#Tue Jul 07 00:13:01 CDT 2026")
    limit = NOW - 24 * HOUR
    table = HudiTable(offset=-5 * HOUR, head=head)
    table.instant(limit - minutes * MINUTE, "commit", hudi_commit())
    table.copied(NOW)
    seen = see(table)
    assert seen.newest is not None
    assert (seen.problem is None) is sure
    if sure:
        assert (seen.newest.at >= limit) is fresh
    else:
        assert seen.problem is not None
        assert seen.problem.kind is ProblemKind.AMBIGUOUS
        assert seen.newest.at < limit


@pytest.mark.parametrize(
    "head",
    [
        ("#Updated at 2026-11-21T27:00:00Z", "#Sat Nov 21 09:00:00 CET 2026"),
        ("#Updated at 2026-11-21T08:00:00Z", "#Sat Nov 31 09:00:00 CET 2026"),
        ("#Updated at 2026-11-21T08:00:00Z", "#Sat Nov 21 09:00:00 CET 0000"),
        ("#Updated at 2026-11-21T08:00:00Z", "#Sat Nov 21 08:20:00 XXX 2026"),
    ],
)
def test_a_head_that_is_no_time_tells_no_zone(head: tuple[str, ...]) -> None:
    table = HudiTable(head=head)
    table.instant(EIGHT, "commit", hudi_commit())
    table.copied(NOW)
    seen = see(table)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.AMBIGUOUS


def test_gmt_may_be_london_in_winter() -> None:
    table = HudiTable(head=("#Updated at 2026-01-05T08:00:00Z", "#Mon Jan 05 08:00:00 GMT 2026"))
    table.instant(NINE, "commit", hudi_commit())
    table.copied(NOW)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == NINE
    assert "taken as GMT (UTC+00:00)" in seen.notes[0]


@given(
    st.binary(max_size=200),
    st.lists(
        st.from_regex(r"[0-9]{14,17}(_[0-9]{14,17})?\.[a-z]{3,7}(\.requested)?", fullmatch=True), max_size=6
    ),
    st.datetimes(min_value=at("2020-01-01 00:00").replace(tzinfo=None)),
)
def test_any_names_and_properties_are_a_zone_or_unknown(data: bytes, names: list[str], modified: Any) -> None:
    keys = [Key(name, 1, modified.replace(tzinfo=NOW.tzinfo)) for name in names]
    with suppress(Unobserved):
        properties = timeline.parse_properties(
            b"#Tue Jul 07 00:13:01 CDT 2026\nhoodie.table.name=t\n" + data, "m"
        )
        found = timeline.read_timeline(keys, "")
        zones = hudi_zone.find_zones(properties, found)
        for instant in found.instants:
            when = hudi_times.came(instant, zones)
            assert when.earliest is None or when.earliest <= when.at <= when.latest


def test_offsets_are_said_with_their_sign() -> None:
    assert hudi_zone.say_offset(timedelta(hours=5, minutes=30)) == "+05:30"
    assert hudi_zone.say_offset(timedelta(hours=-5)) == "-05:00"
