# ruff: noqa: E501 - the expected sentences are whole lines, as a person sees them
"""Each mistake in a config is told with its line, its path and what to write: one file a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.config import ConfigErrors, load
from tests.support.mistakes import lines_of

FILES = Path(__file__).parent / "bad_configs"

EXPECTED = {
    "accounts": """
accounts.yml:3: accounts.partner.role_arn: 'monitor' is not a role's ARN; write one such as arn:aws:iam::111122223333:role/monitor
accounts.yml:3: accounts.partner.region: 'mars' is not an AWS region; write one such as eu-west-1
accounts.yml:3: accounts.partner.external_id: 17 is not text; put it in quotes: "17"
accounts.yml:4: accounts.other: role_arn is missing; write it, such as role_arn: arn:aws:iam::111122223333:role/monitor
accounts.yml:5: accounts.a/b: 'a/b' is no name for an account; write a word without a slash
accounts.yml:8: sales.orders: account: 'partnr' is not an account; define it under accounts (did you mean partner? (known: a/b, other, partner))
""",
    "alias": """
alias.yml:2: found undefined alias 'nobody'; define it before with & and the same name
""",
    "anchors": """
anchors.yml:2: sales.orders: freshness.max_age: 'soon' is not a duration; write a number and s, m, h, d or w, such as 26h
anchors.yml:2: sales.lines: freshness.max_age: 'soon' is not a duration; write a number and s, m, h, d or w, such as 26h
anchors.yml:7: sales.lines: freshness.calendar: 'de' is not a calendar; define it under calendars (known: none)
""",
    "blocks_do_not_fit": """
blocks_do_not_fit.yml:3: defaults.freshness: no limit; write max_age, warn_after, error_after or by, such as max_age: 24h, or the word auto
blocks_do_not_fit.yml:9: sales.lines: freshness: no limit; write max_age, warn_after, error_after or by, such as max_age: 24h, or the word auto
blocks_do_not_fit.yml:11: sales.items: freshness: by and max_age exclude each other; write one of them
blocks_do_not_fit.yml:12: sales.all: every check of it is off, so nothing would be looked at; take it out, or exclude its tables from the glob
""",
    "bracket": """
bracket.yml:3: is not YAML: while parsing a flow sequence, expected ',' or ']', but got '<scalar>'; check quotes, brackets and indentation from here upwards
""",
    "closed_calendar": """
closed_calendar.yml:4: calendars.never.closed: closes every weekday, so nothing would ever be due; leave at least one open
closed_calendar.yml:6: calendars.odd.country: 'XX' is not a country that has holidays here; write its ISO 3166 code, such as DE
closed_calendar.yml:7: calendars.odd.closed[0]: 'saturday' is not a weekday; write one of mon, tue, wed, thu, fri, sat, sun
closed_calendar.yml:8: calendars.odd.also_closed[0]: '2026-02-30' is not a date; write year-month-day, such as 2026-12-24
closed_calendar.yml:9: calendars.both.also_open: 2026-12-24 is in also_closed too; keep one of them
closed_calendar.yml:9: calendars.both.subdivision: needs a country; write country beside it, such as country: DE
""",
    "control": """
control.yml:2: holds the control character '\\x07'; take it out
""",
    "cron": """
cron.yml:5: sales.orders: partitions.due: '0 0 6 * * *' is not a deadline (this has 6 fields); write '0 6 * * *'
cron.yml:7: sales.lines: freshness.by: '25:00' is not a deadline; write HH:MM, such as 06:00, or a cron of five fields
cron.yml:9: sales.items: freshness.by: '0 6 31 2 *' is not a cron: Bad day-of-month; write five fields, such as '30 6 * * 1-5'
""",
    "cut_at_a_comma": """
cut_at_a_comma.yml:4: sales.orders: schema.columns.2): nothing is written here; write quotes round a text with a comma in it, such as 'decimal(10,2)'
cut_at_a_comma.yml:6: sales.items: schema.columns.lon:double>: nothing is written here; write quotes round a text with a comma in it, such as 'decimal(10,2)'
""",
    "empty": """
empty.yml: is empty; write version: 1 and tables: below it
""",
    "empty_tables": """
empty_tables.yml:2: tables: is empty; write at least one entry, such as - table: sales.orders
""",
    "empty_values": """
empty_values.yml:2: name: nothing is written here; write a value, or take the key out
empty_values.yml:5: sales.orders: freshness: nothing is written here; write a value, or take the key out
empty_values.yml:6: sales.orders: owner: nothing is written here; write a value, or take the key out
empty_values.yml:7: tables[1]: nothing is written here; write a value, or take the key out
""",
    "equal_rank": """
equal_rank.yml:7: sales.*b: owner: differs from that of sales.b* (line 3), which is as specific and matches tables such as sales.b too; exclude them from one of the two, or write a more specific entry for them
equal_rank.yml:8: sales.*b: freshness.by: differs from that of sales.b* (line 3), which is as specific and matches tables such as sales.b too; exclude them from one of the two, or write a more specific entry for them
""",
    "every": """
every.yml:5: sales.orders: partitions.every: '7h' does not divide time evenly; write one of 15m, 1h, 6h and other divisors of a day, 1d, 1w, 2w, 1mo, 3mo and 1y
""",
    "list": """
list.yml:1: holds a list, not keys; write version: 1 and tables: below it
""",
    "list_key": """
list_key.yml:2: a key is a list or mapping; write keys as plain words
""",
    "lookback": """
lookback.yml:5: sales.orders: partitions.lookback: 0 is not a lookback; write a number of periods from 1 to 1000, or a duration such as 14d
""",
    "loop": """
loop.yml:2: an alias (*) stands inside of what it refers to; write the value out
""",
    "merge": """
merge.yml:3: << takes a mapping, or a list of them; write such as <<: *name
""",
    "no_block": """
no_block.yml:3: defaults.freshness: 'soon' is not a block of keys; write such as {max_age: 24h}, or off or auto
no_block.yml:4: defaults.lineage: 'lineage' is not a check; known are: catalog, events, files, freshness, partitions, schema, volume
no_block.yml:5: defaults.max_age: max_age is a key of freshness; write freshness: {max_age: ...}
no_block.yml:6: defaults.owner: owner has no default; write it in the entries, such as one of table: "*.*"
no_block.yml:9: sales.orders: freshness: true is not a block of keys; write such as {max_age: 24h}, or off or auto
no_block.yml:10: sales.orders: lineage: 'lineage' is not known here; known are: account, catalog, events, exclude, files, freshness, ignore, max_requests, owner, partitions, pattern, prefix, runbook, schema, table, timezone, upstream, volume
no_block.yml:11: sales.orders: max_age: max_age is a key of freshness; write freshness: {max_age: ...}
no_block.yml:13: sales.lines: partitions: ['1d'] is not a block of keys; write such as {every: 1d}, or off or auto
""",
    "no_tables": """
no_tables.yml: tables is missing; write at least one entry below it, such as - table: sales.orders
""",
    "older_yaml": """
older_yaml.yml:1: asks for an older YAML, in which off and NO are no words; take the %YAML line out
""",
    "repeated_key": """
repeated_key.yml:6: sales.orders: freshness.max_age: is written twice, first on line 5; keep one of them
repeated_key.yml:7: sales.orders: freshness.max_age: is written twice, first on line 5; keep one of them
repeated_key.yml:8: sales.orders: freshness: is written twice, first on line 4; keep one of them
repeated_key.yml:9: version: is written twice, first on line 1; keep one of them
""",
    "routes": """
routes.yml:5: routes[0].match: is empty; write owner, database, table or severity below it
routes.yml:6: routes[1].match.severity: 'bad' is none of the words that may stand here; write one of: warning, critical, unknown
routes.yml:6: routes[1].match.table: '[a]' is not a glob here; write * for any characters and ? for one, no brackets
routes.yml:6: routes[1].topic: 'arn:aws:sns:eu-west-1:123456789012:finance.fifo' is a FIFO topic, which cannot send email; name a standard topic
routes.yml:7: routes[2]: names no target; write one of topic, chat, eventbridge, webhook, file
routes.yml:7: routes[2].match.team: 'team' is not known here; write owner (known: database, owner, severity, table)
""",
    "same_table": """
same_table.yml:5: Sales.Orders: table: sales.orders has two entries, first on line 3; bring them together in one
same_table.yml:8: s3://acme-raw/in/: prefix: s3://acme-raw/in/ has two entries, first on line 7; bring them together in one
""",
    "selectors": """
selectors.yml:3: sales: table: 'sales' is not database.table; write such as sales.orders, or sales.* for all of sales
selectors.yml:4: sales.: table: 'sales.' is not database.table; write such as sales.orders, or sales.* for all of sales
selectors.yml:5: sales.[ab]*: table: 'sales.[ab]*' is not a glob here; write * for any characters and ? for one, no brackets
selectors.yml:6: partner/sales.orders: table: 'partner/sales.orders' holds a slash; write database.table, and write the account as a key of its own, such as account: partner
selectors.yml:7: s3://acme-raw/in/: table: 's3://acme-raw/in/' is a location, not a table; write it as prefix: s3://bucket/prefix/
selectors.yml:8: s3://acme-raw/in/*: prefix: 's3://acme-raw/in/*' holds * or ?, and a prefix takes no globs; write one entry a prefix
selectors.yml:9: acme-raw/in: prefix: 'acme-raw/in' is not an S3 location; write s3://bucket/prefix/, or table: database.table for a table of the catalog
selectors.yml:10: s3:///in: prefix: '' is not a bucket's name; write s3://bucket/prefix/, such as s3://acme-raw/partner-a/
selectors.yml:12: sales.orders: exclude: stands beside an exact name; write it beside a glob, or take it out
selectors.yml:14: web.*: exclude: 'x.' is not a table; write such as tmp_* or sales.tmp_*
selectors.yml:15: sales.items: prefix: stands beside table; write one of the two
selectors.yml:17: tables[11]: names neither table nor prefix; write such as table: sales.orders
selectors.yml:18: tables[12]: 'sales.orders' is not a block of keys; write such as table: sales.orders
""",
    "settings": """
settings.yml:1: version: 2 is not a version that is known here; write version: 1
settings.yml:2: name: 'two\\nlines' is not one line of text; write at least one character, no line breaks
settings.yml:3: topic: 'finance' is not an SNS topic's ARN; write one such as arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications
settings.yml:4: history: 'gs://bucket/' is neither a local folder nor an s3:// URI; write such as s3://bucket/monitor/
settings.yml:5: report: 'alway' is none of the words that may stand here; write one of: always, on_change, on_failure
settings.yml:6: concurrency: 257 is too large; write at most 256
settings.yml:7: max_requests: -1 is not a whole number of at least 1; write one such as 16
settings.yml:8: max_age_of_answer: 'always' is not a duration; write a number and s, m, h, d or w, such as 26h; or off, to look at each partition in each run
""",
    "auto": """
auto.yml:4: sales.orders: freshness.auto: false is not true; write auto: true, or take it out
auto.yml:6: sales.items: freshness.auto: 'yes' is not true; write auto: true, or take it out
auto.yml:7: sales.items: files: 'auto' is not a block of keys; write such as {on: true}, or off or on
""",
    "silences": """
silences.yml:5: silences[0]: until is missing; write it, such as until: 2026-12-01
silences.yml:5: silences[0]: because is missing; write it, such as because: migration
silences.yml:6: silences[1].until: 'tomorrow' is not a date or time; write a date such as 2026-12-01, or with a time, such as 2026-12-01T18:00
silences.yml:6: silences[1].check: 'fresh' is not a check; did you mean freshness? (known: catalog, events, files, freshness, partitions, schema, volume)
silences.yml:7: silences[2].until: 20261201 is not a date or time; write a date such as 2026-12-01, or with a time, such as 2026-12-01T18:00
silences.yml:7: silences[2].because: ['x'] is not text; write one line of it
silences.yml:7: silences[2].check: 'lineage' is not a check; known are: catalog, events, files, freshness, partitions, schema, volume
""",
    "tab": """
tab.yml:3: a tab stands where only spaces may; indent with spaces
""",
    "tables_block": """
tables_block.yml:2: tables: {sales.orders: {}} is not a list; begin each item below it with a dash (-)
tables_block.yml:3: defaults: [] is not a block of keys; write names below it
""",
    "tag": """
tag.yml:2: the tag !secret is not known; take it out
""",
    "torn": """
torn.yml:2: is not valid UTF-8 (a torn or wrongly saved character); save it as UTF-8
""",
    "two_colons": """
two_colons.yml:2: a second colon stands in one line; put the value in quotes, or check the indentation
""",
    "two_documents": """
two_documents.yml:4: a second document begins here; keep one, and take the line --- out
""",
    "unknown_calendar": """
unknown_calendar.yml:6: sales.orders: freshness.calendar: 'fr' is not a calendar; define it under calendars (known: de)
unknown_calendar.yml:8: sales.orders: partitions.calendar: 'fr' is not a calendar; define it under calendars (known: de)
""",
    "unknown_key": """
unknown_key.yml:2: timezon: 'timezon' is not known here; did you mean timezone? (known: accounts, calendars, concurrency, defaults, false_alarms, history, links, max_age_of_answer, max_requests, name, remind_every, report, resolve_after, routes, silences, tables, timeout, timezone, topic, version, windows)
unknown_key.yml:5: sales.orders: ownr: 'ownr' is not known here; did you mean owner? (known: account, catalog, events, exclude, files, freshness, ignore, max_requests, owner, partitions, pattern, prefix, runbook, schema, table, timezone, upstream, volume)
unknown_key.yml:6: sales.orders: freshness.max_agee: 'max_agee' is not known here; did you mean max_age? (known: also_in, auto, by, calendar, cap, count, error_after, floor, grace, max_age, timezone, warn_after, windows, within)
unknown_key.yml:6: sales.orders: freshness.zzz: 'zzz' is not known here; known are: also_in, auto, by, calendar, cap, count, error_after, floor, grace, max_age, timezone, warn_after, windows, within
""",
    "unset_variable": """
unset_variable.yml:2: name: the variable NAME is not set; set it, or write ${NAME:-default}
unset_variable.yml:3: topic: the variable TOPIC_ARN is not set; set it, or write ${TOPIC_ARN:-default}
unset_variable.yml:7: sales.orders: freshness.max_age: the variable AGE is not set; set it, or write ${AGE:-default}
unset_variable.yml:8: sales.orders: owner: '${1}' is not a variable; write ${NAME} or ${NAME:-default} ($${ for plain ${)
unset_variable.yml:9: sales.orders: runbook: '${HOST' is not a variable; write ${NAME} or ${NAME:-default} ($${ for plain ${)
""",
    "utf16": """
utf16.yml:1: is written as UTF-16; save it as UTF-8
""",
    "word": """
word.yml:3: holds a single value, not keys; write version: 1 and tables: below it
""",
    "wrong_units": """
wrong_units.yml:2: remind_every: 1 is not a duration; write a number and s, m, h, d or w, such as 26h
wrong_units.yml:3: timeout: '0s' is not a duration above zero; write one such as 26h
wrong_units.yml:7: sales.orders: freshness.warn_after: 'soon' is not a duration; write a number and s, m, h, d or w, such as 26h
wrong_units.yml:8: sales.orders: freshness.error_after: '36 hours' is not a duration; write 36h
""",
    "zone": """
zone.yml:2: timezone: 'Europe/Berln' is not a time zone; write Europe/Berlin
zone.yml:5: sales.orders: timezone: 'CEST' is not a time zone; write Europe/Berlin
zone.yml:6: sales.orders: freshness.timezone: 1 is not a time zone; write an IANA name, such as Europe/Berlin or UTC
""",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_bad_file_tells_all_its_mistakes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FILES)
    assert lines_of(f"{name}.yml") == EXPECTED[name].strip().splitlines()


def test_every_bad_file_is_in_the_table() -> None:
    assert {path.stem for path in FILES.iterdir()} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sentence_says_what_is_wrong_and_what_to_do(name: str) -> None:
    for line in EXPECTED[name].strip().splitlines():
        assert any(sign in line for sign in ("; ", "did you mean", "known are")), line
        assert "pydantic" not in line
        assert "http://" not in line
        assert "Input should" not in line


def test_a_dict_tells_paths_without_lines() -> None:
    loop: dict[str, object] = {}
    loop["a"] = loop
    assert lines_of(
        {"version": 1, "tables": [{"table": "a.b", "freshness": {"max_age": "soon"}}], "nam": "x"}
    ) == [
        "config: a.b: freshness.max_age: 'soon' is not a duration; write a number and s, m, h, d or w, such as 26h",
        "config: nam: 'nam' is not known here; did you mean name? (known: accounts, calendars, concurrency, defaults, false_alarms, history, links, max_age_of_answer, max_requests, name, remind_every, report, resolve_after, routes, silences, tables, timeout, timezone, topic, version, windows)",
    ]
    assert lines_of({"version": 1, 2: 3, "name": object(), "tables": [{"table": "a.b"}]}) == [
        "config: the key 2 is not text; write keys as text",
        "config: name: holds a object, which no config can; write text or a number",
    ]
    assert lines_of({"version": 1, "tables": [{"table": "a.b"}], "x-a": loop}) == [
        "config: is nested too deeply; at most 40 levels are read"
    ]
    assert lines_of({}) == [
        "config: version is missing; write it, such as version: 1",
        "config: tables is missing; write at least one entry below it, such as - table: sales.orders",
    ]


@pytest.mark.parametrize("key", ["error_when", "business_day"])
def test_true_is_not_a_number(key: str) -> None:
    block = {"due": "06:00", key: True}
    (line,) = lines_of({"version": 1, "tables": [{"table": "a.b", "partitions": block}]})
    assert line.startswith(f"config: a.b: partitions.{key}: true is not a whole number; write one such as ")


def test_mistakes_hide_nothing_behind_them() -> None:
    """A wrong zone, calendar and owner leave the rest to be judged, and a variable that is not set no follow-up."""
    assert lines_of(
        {
            "version": 1,
            "timezone": "Mars/Base",
            "calendars": {"de": {"closed": ["someday"]}},
            "defaults": {"freshness": {"by": "${BY}"}},
            "tables": [
                {"table": "a.b", "owner": 5, "freshness": {"within": "6h", "calendar": "de"}},
                {"table": "a.c", "runbook": "x", "freshness": {"max_age": "24h", "calendar": "fr"}},
            ],
        }
    ) == [
        "config: timezone: 'Mars/Base' is not a time zone; write an IANA name, such as Europe/Berlin or UTC",
        "config: calendars.de.closed[0]: 'someday' is not a weekday; write one of mon, tue, wed, thu, fri, sat, sun",
        "config: defaults.freshness.by: the variable BY is not set; set it, or write ${BY:-default}",
        'config: a.b: owner: 5 is not text; put it in quotes: "5"',
        "config: a.c: runbook: 'x' is not a web address; write one such as https://wiki.example.com/orders",
        "config: a.c: freshness.calendar: 'fr' is not a calendar; define it under calendars (known: de)",
    ]


WRONG = {
    "max_age": "soon",
    "warn_after": "0h",
    "by": "25:00",
    "timezone": "CEST",
    "count": "all",
    "maxage": "24h",
}


@given(
    keys=st.lists(st.sampled_from(sorted(WRONG)), min_size=1, unique=True),
    gaps=st.lists(st.integers(0, 3), min_size=20, max_size=20),
    entries=st.integers(1, 3),
)
def test_a_mistake_is_told_on_the_line_of_its_key(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], gaps: list[int], entries: int
) -> None:
    rows, expected = ["version: 1", "tables:"], []
    for number in range(entries):
        rows += [f"  - table: a.t{number}", "    freshness:"]
        for key, gap in zip(keys, gaps[number:], strict=False):
            rows += ["      # a comment", ""] * gap + [f"      {key}:{' ' * (1 + gap)}{WRONG[key]}"]
            expected.append((len(rows), f"a.t{number}: freshness.{key}"))
    path = tmp_path_factory.mktemp("config") / "checks.yml"
    path.write_text("\n".join(rows))
    with pytest.raises(ConfigErrors) as caught:
        load(str(path), environ={})
    assert [(mistake.line, mistake.path) for mistake in caught.value.mistakes] == expected
