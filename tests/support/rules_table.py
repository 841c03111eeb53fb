"""Reads `rules_table.md`, the specification of the rules, and builds what its rows say is there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from checks.config import load
from checks.layout import KeyFormat, TimeLayout
from checks.model import Period, Table, TableMemory
from checks.rules.asking import Clock
from checks.rules.base import Member, TablePlan
from checks.rules.partitions import PartitionsRule
from checks.schedule.periods import DAILY, MONTHLY, WEEKLY, Every, period_of
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.times import at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checks.lake.s3.table_reader import LakeReader
    from checks.rules.base import Rule
    from tests.support.lakes import LakeBuilder

SPECIFICATION = Path(__file__).parents[1] / "rules" / "rules_table.md"
SECRET = "secret"
"""The bucket that the monitor may not read."""
UTC_ZONE = ZoneInfo("UTC")
_COLUMNS = ["what is there", "now", "verdict", "what is said"]
_TOP_KEYS = ("timezone", "calendars", "windows")
_SEMICOLON = re.compile(r"\s*;\s*")
_KEY = re.compile(r"(\w+) \(([\w()]+)\)(?: as (\S+?))?")
_OFFSET = re.compile(r"(\d+)([dhms])")
_WHEN = r"(?P<when>[+-][\ddhms]+|[\d-]+ [\d:]+)"
_PLACE = r"(?P<first>[\dTWQ:-]+)(?:\.\.(?P<last>[\dTWQ:-]+))?(?P<rest>(?:/\w+)*)"
_PHRASES = {
    "alone": re.compile(r"(?P<what>nothing|location denied|listing ended early)"),
    "run": re.compile(rf"last run {_WHEN}"),
    "known": re.compile(rf"known since {_PLACE}"),
    "seen": re.compile(rf"{_PLACE} first seen {_WHEN}"),
    "file": re.compile(rf"file (?P<name>\S+)(?: of (?P<size>\d+) B)? at {_WHEN}"),
    "other": re.compile(rf"(?P<other>v\d) (?:denied|file (?P<name>\S+) at {_WHEN})"),
    "registered": re.compile(rf"{_PLACE} registered(?: at {_WHEN})?"),
    "denied": re.compile(rf"{_PLACE} denied"),
    "data": re.compile(
        rf"{_PLACE}(?P<un> unregistered)?(?: file (?P<name>\S+))?(?: of (?P<size>\d+) B)? at {_WHEN}"
        rf"(?:, registered at (?P<created>[+-][\ddhms]+|[\d-]+ [\d:]+))?"
    ),
}


@dataclass(frozen=True)
class Shape:
    """How the tables of a section are laid out."""

    keys: tuple[tuple[str, str, str | None], ...] = ()
    path: str | None = None
    is_prefix: bool = False
    projected: bool = False


@dataclass(frozen=True)
class Case:
    """One row of the specification: what is there, when it is looked at, and what comes of it."""

    section: str
    line: int
    number: int
    there: str
    now: str
    verdict: str
    said: str
    check: str
    config: Mapping[str, Any]
    shape: Shape

    def __str__(self) -> str:
        return f"{SPECIFICATION.name}:{self.line} ({self.section})"

    @property
    def name(self) -> str:
        return f"r{self.number:03d}"

    @property
    def location(self) -> str:
        bucket = SECRET if self.there == "location denied" else "lake"
        return f"s3://{bucket}/spec/{self.name}/"

    def told(self, sentence: str) -> str:
        """Return a sentence with the words that stand for the row's own names."""
        own = (f"s3://lake/spec/{self.name}", f"s3://{SECRET}/spec/{self.name}")
        for place in own:
            sentence = sentence.replace(place, "LOCATION")
        return sentence.replace(f"spec.{self.name}", "TABLE")

    @property
    def needs_memory(self) -> bool:
        """Tell whether the scene needs what a server of an emulator does not do: refusals and short pages."""
        return "denied" in self.there or "ended early" in self.there

    @property
    def clock(self) -> Clock:
        stated = self.now.startswith("--now ")
        run = next(
            (m for phrase in _SEMICOLON.split(self.there) if (m := _PHRASES["run"].fullmatch(phrase))), None
        )
        return Clock(
            now=at(self.now.removeprefix("--now ")),
            ignore_later=stated,
            last_completed_at=at(run["when"]) if run else None,
        )


@dataclass
class Scene:
    """A row's table, built in a lake."""

    case: Case
    lake: LakeBuilder
    plan: TablePlan
    registered: set[tuple[str, ...]] = field(default_factory=set)

    def reader(self, plan: TablePlan | None = None) -> LakeReader:
        reader = self.lake.reader(plan or self.plan)
        return replace(reader, most_pages=1) if "ended early" in self.case.there else reader


def read_specification(path: Path = SPECIFICATION) -> list[Case]:
    """Return every row; raise ValueError naming the line that cannot be read."""
    return list(_Reader(path.read_text(encoding="utf-8").splitlines()).cases())


class _Reader:
    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.section, self.check = "", ""
        self.config: Mapping[str, Any] = {}
        self.shape = Shape()
        self.count = 0

    def cases(self) -> Iterator[Case]:
        number = 0
        while number < len(self.lines):
            line = self.lines[number]
            if line.startswith("#"):
                self.section, self.check = line.strip("# "), ""
            elif line.startswith("Table: "):
                self.shape = read_shape(line.removeprefix("Table: ").rstrip("."))
            elif line.startswith("Judged: "):
                self.check = line.removeprefix("Judged: ").rstrip(".")
            elif line == "```yaml":
                end = self.lines.index("```", number)
                self.config = YAML(typ="safe", pure=True).load("\n".join(self.lines[number + 1 : end]))
                number = end
            elif line.startswith("|") and _cells(line) != _COLUMNS and not set(line) <= set("|-: "):
                yield self._case(number + 1, _cells(line))
            number += 1

    def _case(self, line: int, cells: list[str]) -> Case:
        if len(cells) != len(_COLUMNS):
            raise ValueError(f"{SPECIFICATION.name}:{line}: {len(cells)} columns in place of {len(_COLUMNS)}")
        checks = [key for key in self.config if key in ("freshness", "partitions")]
        self.count += 1
        there, now, verdict, said = cells
        return Case(
            section=self.section,
            line=line,
            number=self.count,
            there=there,
            now=now,
            verdict=verdict,
            said=said,
            check=self.check or checks[0],
            config=self.config,
            shape=self.shape,
        )


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


def read_shape(text: str) -> Shape:
    """Read how a table is laid out, as the line `Table:` says it."""
    if text == "files in one place":
        return Shape()
    if text.startswith("a prefix without a catalog entry"):
        _, _, path = text.partition(", by the path ")
        return Shape(path=path or None, is_prefix=True)
    kind, _, rest = text.partition(" by ")
    keys = tuple((match[1], match[2], match[3]) for match in map(_KEY.fullmatch, rest.split(", ")) if match)
    if kind not in ("partitioned", "projected") or len(keys) != len(rest.split(", ")):
        raise ValueError(f"no table is laid out as {text!r}")
    return Shape(keys=keys, projected=kind == "projected")


def build(case: Case, lake: LakeBuilder) -> Scene:
    """Build what a row says is there, and return it with the plan that its config makes."""
    table = _table(case, lake)
    rules, plan = _plan(case, table)
    scene = Scene(case, lake, plan)
    writer = _Writer(scene, rules)
    for phrase in _SEMICOLON.split(case.there):
        writer.write(phrase)
    scene.plan = replace(plan, memory=writer.memory, members=tuple(writer.members.values()))
    return scene


def memory_lake(case: Case) -> MemoryLake:
    """Return an empty lake in memory, with short pages where the row needs them."""
    lake = MemoryLake(page_size=1) if "ended early" in case.there else MemoryLake()
    lake.bucket("lake")
    lake.bucket(SECRET)
    lake.denied.add(SECRET)
    return lake


def _table(case: Case, lake: LakeBuilder) -> Table:
    lake.bucket("lake")
    if case.shape.is_prefix:
        return prefix(case.location)
    keys = {name: kind for name, kind, _ in case.shape.keys}
    entry: dict[str, Any] = {"StorageDescriptor": {"Location": case.location, "Columns": []}}
    if case.shape.projected:
        java = {"%Y": "yyyy", "%m": "MM", "%d": "dd", "%H": "HH"}
        parameters = {"projection.enabled": "true"}
        for name, _, text in case.shape.keys:
            for token, word in java.items():
                text = (text or "").replace(token, word)  # noqa: PLW2901 - written step by step
            parameters |= {f"projection.{name}.type": "date", f"projection.{name}.format": text or ""}
        entry["Parameters"] = parameters
    return lake.table(f"spec.{case.name}", entry, **keys)


def _plan(case: Case, table: Table) -> tuple[tuple[Rule, ...], TablePlan]:
    top = {key: value for key, value in case.config.items() if key in _TOP_KEYS}
    entry = {key: value for key, value in case.config.items() if key not in _TOP_KEYS}
    entry["prefix" if case.shape.is_prefix else "table"] = table.id
    config = load({"version": 1, **top, "tables": [entry]}, environ={})
    if case.shape.is_prefix:
        resolved = config.resolve_prefix(table.id)
    else:
        resolved = config.resolve(None, table.database or "", table.name or "")
    assert resolved is not None
    plan = TablePlan(
        table=table,
        rules=resolved.rules,
        entry=resolved.entry,
    )
    return resolved.rules, plan


class _Writer:
    """Puts one phrase after the other into the lake."""

    def __init__(self, scene: Scene, rules: Sequence[Rule]) -> None:
        self.scene, self.case, self.lake = scene, scene.case, scene.lake
        self.table = scene.plan.table
        self.memory = TableMemory()
        self.members: dict[str, Member] = {}
        schedule = next((rule.schedule for rule in rules if isinstance(rule, PartitionsRule)), None)
        self.zone = schedule.labels if schedule is not None else UTC_ZONE
        shape = self.case.shape
        self.layout = TimeLayout(
            zone=self.zone,
            keys=tuple(KeyFormat(name, text) for name, _, text in shape.keys if text is not None),
            path=shape.path,
        )
        stated = schedule.every if schedule is not None else None
        self.every: Every = stated or (self.layout.every if self.layout.formats else None) or DAILY

    def write(self, phrase: str) -> None:
        kind, match = next(
            ((kind, match) for kind, rule in _PHRASES.items() if (match := rule.fullmatch(phrase))),
            ("", None),
        )
        if match is None:
            raise ValueError(f"{self.case}: {phrase!r} is not understood")
        told = match.groupdict()
        match kind:
            case "file":
                size = int(told["size"] or 10)
                self.lake.put(f"{self.table.location}{told['name']}", self._when(told["when"], None), size)
            case "known":
                start = self._periods(told)[0].start
                self.memory = replace(self.memory, first_period_at=start)
            case "seen":
                seen = {period.label: self._when(told["when"], period) for period in self._periods(told)}
                self.memory = replace(self.memory, first_seen={**self.memory.first_seen, **seen})
            case "other":
                self._other(told)
            case "registered" | "denied" | "data":
                for period in self._periods(told):
                    self._place(kind, period, told)

    def _other(self, told: Mapping[str, str | None]) -> None:
        """Put a file into another table that is judged together with the row's own, or one that is not to be read."""
        name = f"spec.{self.case.name}_{told['other']}"
        bucket = SECRET if told["name"] is None else "lake"
        if name not in self.members:
            place = f"s3://{bucket}/spec/{self.case.name}_{told['other']}/"
            table = self.lake.table(name, {"StorageDescriptor": {"Location": place, "Columns": []}})
            alone = tuple(rule.alone() for rule in self.scene.plan.rules if rule.together)
            self.members[name] = Member(name, TablePlan(table=table, rules=alone))
        member = self.members[name].plan
        if told["name"] is not None and member is not None:
            self.lake.put(f"{member.table.location}{told['name']}", self._when(told["when"] or "", None))

    def _place(self, kind: str, period: Period, told: dict[str, str | None]) -> None:
        when = self._when(told["when"], period) if told.get("when") else period.end
        created = self._when(told["created"] or "", period) if told.get("created") else when
        if self.layout.path is not None:
            values: tuple[str, ...] = ()
            location = (self.table.location or "") + self.layout.write(period)[""]
        else:
            values = self._values(period, told["rest"] or "")
            location = hive_location(self.table, values)
        is_catalogued = self.layout.path is None and not self.case.shape.projected
        if kind == "denied":
            location = location.replace("s3://lake/", f"s3://{SECRET}/")
        if is_catalogued and not told.get("un") and values not in self.scene.registered:
            self.lake.register(self.table, values, location, created)
            self.scene.registered.add(values)
        if kind == "data":
            name = told.get("name") or "part-0.parquet"
            self.lake.put(location + name, when, int(told.get("size") or 10))

    def _values(self, period: Period, rest: str) -> tuple[str, ...]:
        written = self.layout.write(period)
        others = iter(rest.strip("/").split("/"))
        return tuple(
            written[key.name] if key.name in written else next(others) for key in self.table.partition_keys
        )

    def _periods(self, told: Mapping[str, str | None]) -> list[Period]:
        first, last = told["first"] or "", told["last"] or told["first"] or ""
        every, wall = self._label(first)
        _, end = self._label(last)
        found = []
        while wall <= end:
            period = period_of(wall, every, self.zone)
            found += [period] if period is not None else []
            wall = every.step(wall)
        return found

    def _label(self, text: str) -> tuple[Every, datetime]:
        """Read a period's label; the year is 2026 where none is given, but in a label of the stated cadence."""
        if (start := self.every.start_of(text)) is not None:
            return self.every, start
        if "W" in text:
            year, _, week = text.rpartition("W")
            return WEEKLY, datetime.fromisocalendar(int(year.strip("-") or 2026), int(week), 1)
        if re.fullmatch(r"\d{4}-\d\d", text):
            return MONTHLY, datetime.fromisoformat(f"{text}-01")
        if text.count("-") == 1:
            text = f"2026-{text}"
        every = self.every if "T" in text else DAILY
        return every, datetime.fromisoformat(f"{text}:00" if "T" in text and ":" not in text else text)

    def _when(self, text: str | None, period: Period | None) -> datetime:
        if text is None:
            raise ValueError(f"{self.case}: a time is missing")
        if text[0] not in "+-":
            return at(text)
        assert period is not None
        units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
        span = sum(
            (timedelta(**{units[unit]: int(count)}) for count, unit in _OFFSET.findall(text)), timedelta(0)
        )
        return (period.end + (span if text[0] == "+" else -span)).astimezone(UTC)
