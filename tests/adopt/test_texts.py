"""The text of a config: hostile names, comments that cannot end, merges that change no character."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from checks.adopt import Adopted, CannotMerge, Discovery, TooLittleKnown, Unread, Want, merged, text_of
from checks.adopt.replaying import Past, Replayed
from checks.adopt.yaml_text import comment, scalar, value
from checks.config import load_text
from checks.learn import Alert
from checks.rules.proposing import Proposal
from checks.schedule.calendars import Calendar, public_holidays

WANT = Want(
    globs=("sales.*",), back=timedelta(days=90), false_alarms=1.0, written="1/month", max_requests=200
)
REST = Calendar("learned", frozenset({5, 6}))
QUIET = Replayed(90 * 86400.0, 0.0)
NAMES = st.text(
    st.characters(exclude_characters="{}[]*?/.", exclude_categories=["Cs"]), min_size=1, max_size=12
)


def adopted(table: str, calendar: Calendar | None = None, due: str = "06:00") -> Adopted:
    block = {"every": "1d", "due": due, "timezone": "Europe/Berlin"}
    proposal = Proposal(
        else_stated={"due_from": "end", "labels": "UTC"},
        check="partitions",
        block=block,
        kind=f"days due at {due}",
        sentence="said",
        sure="sure",
        calendar=calendar,
    )
    return Adopted(table=table, proposal=proposal, replayed=QUIET)


def learned(table: str) -> Adopted:
    proposal = Proposal(check="freshness", block="auto", kind="now and then", sentence="said", sure="a guess")
    return Adopted(table=table, proposal=proposal, replayed=QUIET)


def found(*tables: Adopted, **more: Any) -> Discovery:
    return Discovery(want=WANT, on=date(2026, 11, 23), adopted=tables, **more)


def read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_text_is_read_back_as_it_was_written(text: str) -> None:
    assert read(f"key: {scalar(text)}\n") == {"key": text}
    assert read(f"- {{a: {scalar(text)}, b: 1}}\n") == [{"a": text, "b": 1}]
    assert "\n" not in scalar(text)


@pytest.mark.parametrize(
    "text", ["NO", "off", "Null", "1e3", "0x10", "12:30", "~", "", "-", "a: b", "a #b", "é", "2026-01-01"]
)
def test_words_that_yaml_takes_for_something_else_are_quoted(text: str) -> None:
    written = scalar(text)
    assert written.startswith('"')
    assert read(f"key: {written}") == {"key": text}


@given(st.text(max_size=300))
def test_comments_hold_what_they_quote(text: str) -> None:
    lines = list(comment(text, 2))
    assert all(line.startswith("  # ") for line in lines)
    assert read("\n".join(lines)) is None


@given(st.lists(NAMES, min_size=1, max_size=5, unique_by=lambda name: name.lower().strip()))
def test_whatever_names_tables_have_the_config_names_them(names: list[str]) -> None:
    tables = [f"sales.{name.lower()}" for name in names if name.strip() == name]
    text = text_of(
        found(
            *(adopted(table, REST) for table in tables),
            too_little=tuple(TooLittleKnown(f"sales.{name}", name) for name in names),
            unread=tuple(Unread(name, name) for name in names),
            notes=tuple(names),
        )
    )
    document = read(text)
    assert (document is None) == (not tables)
    if tables:
        told = [each["table"].replace("$${", "${") for each in document["tables"]]
        assert sorted(told) == sorted(tables)


def test_a_region_is_named_beside_its_country() -> None:
    english = Calendar("learned", frozenset({5, 6}), holidays=public_holidays("GB", "ENG"))
    text = text_of(found(adopted("sales.a", english), adopted("sales.b", REST)))
    assert "  closed-sat-sun-gb-eng: {country: GB, subdivision: ENG, closed: [sat, sun]}\n" in text
    assert "calendar: closed-sat-sun-gb-eng" in text
    assert "none on public holidays of GB-ENG" in text


def test_the_whole_config() -> None:
    german = Calendar("learned", frozenset({6}), holidays=public_holidays("DE"))
    text = text_of(
        found(
            adopted("sales.b", REST),
            adopted("sales.a", REST),
            adopted("sales.c", german, "07:00"),
            learned("web.x"),
            too_little=(TooLittleKnown("web.y", "3 arrivals seen, 4 needed"),),
            unread=(Unread("web.z", "denied; allow it"),),
            notes=("1 view was left out",),
        )
    )
    assert text == (
        "# discovered on 2026-11-23 in sales.*: 4 tables to watch, 1 left as comments, 1 that could not be read\n"
        "# a replay of 4 tables over 360 days in all would not have alerted; sure is what rests on 30 periods or more"
        ",\n#   fair on 10\n"
        "# 1 view was left out\n"
        "# not read: web.z: denied; allow it\n"
        "version: 1\n"
        'false_alarms: "1/month"  # of all limits that are learned, together\n'
        "calendars:\n"
        "  closed-sat-sun: {closed: [sat, sun]}\n"
        "  closed-sun-de: {country: DE, closed: [sun]}\n"
        "tables:\n"
        "  # days due at 06:00, none of sat, sun (2 tables)\n"
        "  - table: sales.a\n"
        "    # said (sure)\n"
        "    # a replay of 90 days would not have alerted\n"
        '    partitions: {every: 1d, due: "06:00", timezone: Europe/Berlin, calendar: closed-sat-sun}\n'
        "  - table: sales.b\n"
        "    # said (sure)\n"
        "    # a replay of 90 days would not have alerted\n"
        '    partitions: {every: 1d, due: "06:00", timezone: Europe/Berlin, calendar: closed-sat-sun}\n'
        "\n"
        "  # now and then (1 table)\n"
        "  - table: web.x\n"
        "    # said (a guess)\n"
        "    # a replay of 90 days would not have alerted\n"
        "    freshness: auto\n"
        "\n"
        "  # days due at 07:00, none of sun, none on public holidays of DE (1 table)\n"
        "  - table: sales.c\n"
        "    # said (sure)\n"
        "    # a replay of 90 days would not have alerted\n"
        '    partitions: {every: 1d, due: "07:00", timezone: Europe/Berlin, calendar: closed-sun-de}\n'
        "\n"
        "  # not watched, for the reason beside each (1 table); to watch one, take away its # and state a limit\n"
        "  # - table: web.y\n"
        "  #   freshness: {auto: true, max_age: 7d}  # 3 arrivals seen, 4 needed\n"
    )
    assert len(load_text(text, "checks.yml", environ={}).selectors()) == 4


@pytest.mark.parametrize(
    ("gaps", "late", "told"),
    [
        (0, 1, "once, which was no real gap"),
        (1, 0, "once, a real gap"),
        (0, 2, "twice, none of them a real gap"),
        (1, 1, "twice, 1 of them a real gap"),
        (2, 0, "twice, both of them real gaps"),
        (2, 1, "3 times, 2 of them real gaps"),
        (3, 0, "3 times, all of them real gaps"),
    ],
)
def test_the_head_says_how_many_alerts_were_real_gaps(gaps: int, late: int, told: str) -> None:
    alert = Alert(0.0, 3600.0, "partitions")
    pasts = (
        *(Past(alert, is_gap=True) for _ in range(gaps)),
        *(Past(alert, is_gap=False) for _ in range(late)),
    )
    one = replace(learned("web.x"), replayed=Replayed(9 * 86400.0, 9 * 86400.0, pasts))
    assert f"would have alerted {told}; sure is what" in " ".join(
        line.strip("# ") for line in text_of(found(one)).splitlines()[:4]
    )


MINE = {
    "indented": "version: 1\ntables:\n    -   table: a.b   # mine\n        freshness: auto\n\n# end\n",
    "at the margin": "tables:\n- table: a.b\n  freshness: {max_age: 1h}  # x\n# of routes\nroutes: []\nversion: 1\n",
    "its last line": "version: 1\ntables:\n  - table: a.b\n    freshness: auto",
    "with carriage returns": "version: 1\r\n# one\r\ntables:\r\n  - table: a.b\r\n    freshness: auto\r\n",
    "a mark of its encoding": "\ufeffversion: 1\ntables: # two\n  - table: a.b\n    freshness: auto\n",
    "in brackets": "version: 1\ntables: [{table: a.b, freshness: auto}]  # short\nname: x\n",
    "in brackets, with a comma": "version: 1\ntables: [\n  {table: a.b, freshness: auto}, # one\n]\nname: x\n",
    "anchors": (
        "version: 1\nx-home: &day {max_age: 1d}\ntables: &all\n  - table: a.b\n    freshness: *day\nname: x\n"
    ),
    "an alias last": "version: 1\nx-e: &e {table: a.b, freshness: auto}\ntables:\n  - *e\n  # - *e\n\nname: x\n",
    "text of several lines": (
        "version: 1\ntables:\n  - table: a.b\n    freshness: auto\n    owner: >-\n      some\n      one\n"
        "\n\n# x\nname: y\n"
    ),
    "calendars of its own": (
        "version: 1\ncalendars:\n  rest: {closed: [sat, sun], also_closed: [2026-12-24]}\n"
        "  closed-sat-sun: {closed: [sun]} # odd\ntables:\n  - table: a.b\n    freshness: auto\n"
    ),
    "calendars in brackets": (
        "version: 1\ncalendars: {de: {country: DE}}\ntables:\n  - table: a.b\n    freshness: auto\n"
    ),
    "the same calendar": (
        "version: 1\ncalendars:\n  weekdays: {closed: [sun, sat]}\ntables:\n  - table: a.b\n    freshness: auto\n"
    ),
    "marks of a document": "%YAML 1.2\n---\nversion: 1\ntables:\n  - table: a.b\n    freshness: auto\n...\n# end\n",
    "brackets around all": "{version: 1, tables: [{table: a.b, freshness: auto}]}",
    "JSON": '{\n "version": 1,\n "tables": [\n  {"table": "a.b", "freshness": "auto"}\n ]\n}\n',
    "brackets around all, with a comma": "{version: 1, tables: [{table: a.b, freshness: auto}], name: x,\n}\n",
    "an entry that is quoted": (
        'version: 1\n"tables":\n  -\n    table: \'a.b\'\n    freshness: "auto"  \n  # deeper\n#not\nname: x\n'
    ),
}


@pytest.mark.parametrize("how", MINE)
def test_merging_keeps_every_character_and_adds_the_entries(how: str) -> None:
    before = MINE[how]
    config = load_text(before.removeprefix("\ufeff"), "mine.yml", environ={})
    more = found(
        adopted("sales.b", REST),
        learned("sales.a"),
        too_little=(TooLittleKnown("sales.y", "it holds no data"),),
    )
    after = merged(before, more, config)
    whole = load_text(after.removeprefix("\ufeff"), "mine.yml", environ={})
    assert [each.id for each in whole.selectors()] == ["a.b", "sales.a", "sales.b"]
    assert without_lines_of(after, before) == before
    newlines = after.count("\r\n"), after.count("\n")
    assert newlines[0] in (0, newlines[1])
    # What is there already is not added again.
    again = merged(after, found(too_little=more.too_little), whole)
    if "[" not in before.partition("tables")[2].partition("\n")[0]:
        assert again == after
    stated = whole.resolve(None, "sales", "b")
    assert stated is not None
    (rule,) = stated.rules
    assert rule.states is not None
    calendar = rule.states.schedule.calendar
    assert calendar is not None
    assert calendar.closed_weekdays == {5, 6}
    assert not calendar.closed_dates


def without_lines_of(after: str, before: str) -> str:
    """Return what is left of a text once what is not in the one before is taken out, front to back."""
    left, at = "", 0
    for char in after:
        if at < len(before) and char == before[at]:
            left, at = left + char, at + 1
    return left


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "x-all: &all\n  - table: a.b\n    freshness: auto\nversion: 1\ntables: *all\n",
            "is not written as a list",
        ),
        (
            "x-a: &a {de: {country: DE}}\ncalendars: *a\nversion: 1\ntables:\n- {table: a.b, freshness: auto}\n",
            "calendars is not written as keys",
        ),
    ],
)
def test_what_cannot_be_added_to_is_told(text: str, told: str) -> None:
    config = load_text(text, "mine.yml", environ={})
    with pytest.raises(CannotMerge, match=told):
        merged(text, found(adopted("sales.b", REST)), config)


DEFAULTS = """version: 1
timezone: Europe/Berlin
calendars: {rest: {closed: [fri]}}
defaults:
  freshness: {max_age: 5d}
  partitions: {every: 1h, due: "06:00", due_from: start, labels: Asia/Tokyo, grace: 90m}
tables:
  - table: a.b
    freshness: auto
"""


def test_what_would_be_inherited_changes_nothing_that_was_learned() -> None:
    more = found(adopted("sales.b"), learned("sales.a"))
    after = merged(DEFAULTS, more, load_text(DEFAULTS, "mine.yml", environ={}))
    assert "    freshness: auto\n    partitions: off\n" in after
    config = load_text(after, "mine.yml", environ={})
    alone = load_text(text_of(more), "mine.yml", environ={})
    schedules = []
    for each in (config, alone):
        a, b = each.resolve(None, "sales", "a"), each.resolve(None, "sales", "b")
        assert a is not None
        assert b is not None
        assert [rule.check for rule in a.rules] == ["freshness"]
        assert [rule.check for rule in b.rules] == ["partitions"]
        states = b.rules[0].states
        assert states is not None
        schedules.append(replace(states.schedule, grace=timedelta(0)))
    assert schedules[0] == schedules[1]


def test_nothing_found_leaves_the_text_alone() -> None:
    assert (
        merged(MINE["indented"], found(), load_text(MINE["indented"], "mine.yml", environ={}))
        is MINE["indented"]
    )


@given(st.sampled_from(sorted(MINE)), st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower))
def test_whatever_is_added_the_rest_means_what_it_did(how: str, names: list[str]) -> None:
    before = MINE[how]
    tables = {f"sales.{name.lower()}" for name in names}
    config = load_text(before.removeprefix("\ufeff"), "mine.yml", environ={})
    after = read(merged(before, found(*map(learned, sorted(tables))), config).removeprefix("\ufeff"))
    old = read(before.removeprefix("\ufeff"))
    assert {each["table"] for each in after["tables"][1:]} == {value_of(table) for table in tables}
    assert {**after, "tables": after["tables"][:1]} == old


def value_of(text: str) -> str:
    told: str = read(f"x: {value(text)}")["x"]
    return told
