"""The check `partitions`, each period that is due holds data: what a config may say of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, InstanceOf, WithJsonSchema, model_validator

from checks.layout import StatedLayout
from checks.rules.asking import UNSHARED
from checks.rules.base import (
    Binding,
    CheckConfig,
)
from checks.rules.each import Each, own_blocks, own_model, parse_each_of
from checks.rules.key_types import Duration, MistakesBelow, Names
from checks.rules.partitions_proposed import propose, to_read
from checks.rules.partitions_retold import PartitionsRetold
from checks.rules.partitions_rule import PartitionsRule
from checks.rules.retold import Retelling
from checks.schedule.clock import parse_zone
from checks.schedule.deadlines import Deadline, parse_times
from checks.schedule.due import Schedule, default_grace, together
from checks.schedule.durations import parse_duration
from checks.schedule.formats import compile_format
from checks.schedule.periods import DAILY, FORTNIGHTLY, Every, parse_every

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from checks.model import Combination
    from checks.rules.proposing import Extent, Past, Proposal, TooLittle

__all__ = ["PartitionsConfig", "PartitionsRule"]

_TEXT = WithJsonSchema({"type": "string"})


_VALUES = {"type": ["string", "integer"]}


class _EachSchema:
    """The JSON Schema of ``each``: a key, a list of keys, or keys with their values and these with their deadlines."""

    def __get_pydantic_json_schema__(
        self, _core: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return it; the keys of a value are those of the check."""
        own = own_model(PartitionsConfig).model_json_schema()
        for of_key in own["properties"].values():
            of_key.pop("default", None)  # what is not stated of a value is as it is stated beside each
        blocks = {"type": "object", "minProperties": 1, "additionalProperties": own}
        listed = {"type": "array", "items": _VALUES, "minItems": 1}
        return {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {"anyOf": [_VALUES, listed, blocks]},
                },
            ]
        }


def _parse_lookback(value: object) -> int | timedelta:
    if isinstance(value, str) and value.strip().isdecimal():  # a variable of the environment is always text
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if 1 <= value <= 1000:
            return value
        message = (
            f"{value} is not a lookback; write a number of periods from 1 to 1000, or a duration such as 14d"
        )
        raise ValueError(message)
    return parse_duration(value)


def _parse_format(value: object) -> tuple[str, ...]:
    texts = tuple(value) if isinstance(value, list | tuple) else (value,)
    for text in texts:
        if not isinstance(text, str):
            message = f'{text!r} is not a format; write one such as "%Y-%m-%d"'
            raise ValueError(message)  # noqa: TRY004 - pydantic turns ValueError into a told mistake
        compile_format(text)
    return texts


def _parse_keys(value: object) -> tuple[str, ...]:
    names = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not names or not all(isinstance(name, str) and name for name in names):
        message = (
            f"{value!r} is not a key; write a partition key's name, or a list such as [year, month, day]"
        )
        raise ValueError(message)
    return tuple(str(name).lower() for name in names)


class PartitionsConfig(CheckConfig):
    """Each period that is due holds data."""

    check: ClassVar[str] = "partitions"
    retelling: ClassVar[Retelling[Any]] = PartitionsRetold()
    expectation: ClassVar[str] = "checks.expectations.ExpectDuePartitionsToExist"
    groups: ClassVar[tuple[frozenset[str], ...]] = (
        frozenset({"due", "business_day"}),
        frozenset({"after"}),
        frozenset({"auto"}),
    )
    above: ClassVar[frozenset[str]] = frozenset({"auto"})
    short_form: ClassVar[str | None] = "auto"
    goes_with: ClassVar[Mapping[str, frozenset[str]]] = {"grace": frozenset({"due", "after", "auto"})}

    every: Annotated[Every, BeforeValidator(parse_every), _TEXT] = Field(
        DAILY,
        description="The cadence: a divisor of a day (15m, 1h, 6h ...), 1d, 1w (ISO weeks), 2w (pairs of them), 1mo, "
        "3mo (quarters) or 1y.",
        examples=["1d", "1h", "3mo"],
    )
    anchor: date | None = Field(
        None,
        description="With every: 2w: a day of the first week of one of the pairs; they start with 2024-W01 else.",
        examples=["2026-01-05"],
    )
    due: Annotated[str, BeforeValidator(parse_times)] | None = Field(
        None,
        description="The time of day (HH:MM) or five-field cron at which a period's data has to be there: the first "
        "one at or after the period's end. Without due and after, a period is due a quarter of its length (at most a "
        "day) after its end.",
        examples=["06:00", "30 6 * * 1-5"],
    )
    after: Duration | None = Field(
        None, description="How long after its end a period is due; in place of due.", examples=["3h"]
    )
    grace: Duration | None = Field(
        None,
        description="With due or after: how long from then on a period without data is no more than a warning; "
        "critical from its end on, where error_when is reached too.",
        examples=["90m"],
    )
    windows: Names = Field(
        (),
        description="Windows by their name, or several: what would be due within them is due at their end.",
        examples=["maintenance", ["maintenance", "patching"]],
    )
    due_from: Literal["end", "start"] = Field(
        "end",
        description="What due and after count from: the period's end, or its start (snapshot tables).",
        examples=["start"],
    )
    auto: Literal[True] | None = Field(
        None,
        description="Learns when periods are due, and on which days and at which hours there are none, from when the "
        "data of earlier ones came; and how long they are by their names, where every is not stated. What due and "
        "after say holds while too few are known; without them a period, at most a day.",
        examples=[True],
    )
    timezone: Annotated[ZoneInfo, BeforeValidator(parse_zone), _TEXT] | None = Field(
        None,
        description="The zone of due; the entry's or the file's when absent.",
        examples=["Europe/Berlin"],
    )
    labels: Annotated[ZoneInfo, BeforeValidator(parse_zone), _TEXT] = Field(
        ZoneInfo("UTC"),
        description="The zone that partition values are written in.",
        examples=["UTC", "Europe/Berlin"],
    )
    calendar: str | None = Field(
        None, description="A calendar by its name; periods on its closed days are not due.", examples=["de"]
    )
    calendar_of: Literal["period", "run"] = Field(
        "period",
        description="Which day the calendar is asked for: the period's, or its deadline's.",
        examples=["run"],
    )
    business_day: int | None = Field(
        None,
        ge=1,
        le=23,
        description="With due: only on the n-th open day of each month counts (by the calendar, or weekdays).",
        examples=[3],
    )
    lookback: Annotated[
        int | timedelta, BeforeValidator(_parse_lookback), WithJsonSchema({"type": ["integer", "string"]})
    ] = Field(
        14,
        description="How many due periods are looked at, or how far back as a duration.",
        examples=[14, "30d"],
    )
    since: date | None = Field(
        None,
        description="No period before this date is due; the first period with data when absent.",
        examples=["2026-01-01"],
    )
    error_when: int = Field(
        1,
        ge=1,
        description="From how many bad periods on the finding is critical; a warning below. With grace only those "
        "count whose grace is over.",
        examples=[2],
    )
    each: Annotated[InstanceOf[Each] | None, BeforeValidator(parse_each_of), _EachSchema()] = Field(
        None,
        description="A partition key beside time (or a list of keys) whose every value is due by itself, from the "
        "first period it was seen in; or keys with their values, which are due from the table's first period; or these "
        "with what each is due by.",
        examples=[
            "region",
            ["region", "product"],
            {"region": ["eu", "us"]},
            {"region": {"eu": {"due": "06:00"}, "us": {"due": "14:00"}}},
        ],
    )
    key: Annotated[
        tuple[str, ...],
        BeforeValidator(_parse_keys),
        WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
    ] = Field(
        (), description="The partition key or keys that carry time; inferred when absent.", examples=["dt"]
    )
    format: Annotated[
        tuple[str, ...],
        BeforeValidator(_parse_format),
        WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
    ] = Field(
        (),
        description="How each key's values write time (%Y %m %d %H %M %j %G %V, %-m for unpadded, %b and %B for names "
        "of months such as Nov and November, %^b for NOV, %,b for nov, %s and %Q for epochs in seconds and "
        "milliseconds), or the path below a prefix; inferred when absent.",
        examples=["%Y%m%d"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> PartitionsConfig:
        return self.fitting()

    def fitting(self) -> PartitionsConfig:
        """Return it as it is; raise ValueError where its keys do not fit together."""
        if self.due is not None and self.after is not None:
            message = "due and after exclude each other; write one of them"
            raise ValueError(message)
        if self.business_day is not None and self.due is None:
            message = 'business_day needs a time of day; write due beside it, such as due: "09:00"'
            raise ValueError(message)
        if self.grace is not None and self.due is None and self.after is None and self.auto is None:
            message = 'grace counts from a deadline; write due or after beside it, such as due: "06:00"'
            raise ValueError(message)
        if self.anchor is not None and self.every != FORTNIGHTLY:
            message = f"anchor is where pairs of weeks begin; every is {self.every}; write every: 2w, or take it out"
            raise ValueError(message)
        if self.key and self.format and len(self.key) != len(self.format):
            message = f"{len(self.key)} keys and {len(self.format)} formats; write a format for each key"
            raise ValueError(message)
        if not self.key and len(self.format) > 1:
            message = "several formats without their keys; write key beside them"
            raise ValueError(message)
        if self.each is not None and (both := sorted(set(self.each.dimensions.keys) & set(self.key))):
            message = f"{', '.join(both)} stands under key, so it carries time; name other keys under each"
            raise ValueError(message)
        if self.calendar_of == "run" and self.calendar is None:
            message = "calendar_of needs a calendar; write calendar beside it"
            raise ValueError(message)
        if self.each is not None and self.each.own:
            own_blocks(self.each, type(self))
        return self

    @classmethod
    def to_propose(cls, extent: Extent) -> dict[str, Any] | None:
        """Return the block by which periods are looked at; None where they are no hours, days or longer."""
        return to_read(extent)

    def propose(self, past: Past) -> Proposal | TooLittle:
        """Return the schedule that the periods tell, or why they tell none."""
        rule = self.bind(Binding(zone=ZoneInfo("UTC")))
        return propose(rule.sharing(past.share), past)

    def bind(self, binding: Binding) -> PartitionsRule:
        """Return the rule; raise ValueError when a calendar or a window is not defined, or nothing is ever due."""
        stated = StatedLayout(self.key, self.format) if self.key or self.format else None
        if self.each is None or not self.each.own:
            schedule = self.schedule(binding)
            each = None if self.each is None else self.each.dimensions
            return PartitionsRule(
                schedule=schedule,
                error_when=self.error_when,
                stated_layout=stated,
                each=each,
                auto=UNSHARED if self.auto is not None else None,
                every_stated=self.auto is None or "every" in self.model_fields_set,
                grace_stated=self.auto is None or "after" in self.model_fields_set,
            )
        if self.auto is not None:
            message = (
                "auto learns when the periods of all values are due; take it out, or what single values state"
            )
            raise ValueError(message)
        of_values = self._of_values(self.each, binding)
        base = self.schedule(binding) if None in of_values.values() else self._unchecked(binding)
        own = {combination: found or base for combination, found in of_values.items()}
        return PartitionsRule(
            schedule=together(base, own.values()),
            error_when=self.error_when,
            stated_layout=stated,
            each=self.each.dimensions,
            own=own,
        )

    def _of_values(self, each: Each, binding: Binding) -> dict[Combination, Schedule | None]:
        """Return the schedule of each stated combination, None where it has none of its own; raise `MistakesBelow`."""
        blocks = own_blocks(each, type(self))
        chosen = {combination: each.of(combination) for combination in each.dimensions.stated}
        schedules: dict[tuple[tuple[str, str], ...], Schedule | None] = {(): None}
        wrong = []
        for pairs in dict.fromkeys(chosen.values()):
            if not pairs:
                continue
            try:
                schedules[pairs] = self._with([blocks[pair] for pair in pairs]).schedule(binding)
            except ValueError as error:
                wrong.append((("each", *pairs[0]), error, None))
        if wrong:
            raise MistakesBelow(wrong)
        return {combination: schedules[pairs] for combination, pairs in chosen.items()}

    def _with(self, blocks: Sequence[BaseModel]) -> PartitionsConfig:
        """Return the check as it is for values of which these are stated: they replace as a special entry does.

        Raises ValueError where they do not fit what is stated beside each.
        """
        stated = {name: getattr(block, name) for block in blocks for name in block.model_fields_set}
        exclusive = frozenset[str]().union(*self.groups)
        replaced = exclusive if exclusive & stated.keys() else frozenset[str]()
        kept = {name: getattr(self, name) for name in self.model_fields_set - replaced - {"each"}}
        return type(self).model_construct(**{**kept, **stated}).fitting()

    def schedule(self, binding: Binding) -> Schedule:
        """Return when periods are due; raise ValueError where they never are, or the calendar is not defined."""
        schedule = self._unchecked(binding)
        if not schedule.can_come_due():
            of = "the deadline of any period" if schedule.calendar_of_run else "any period"
            message = f"no day of {of} is ever open in calendar {self.calendar or 'weekends'}, so nothing is ever due; "
            message += "write another due, or open its day in the calendar"
            raise ValueError(message)
        return schedule

    def _unchecked(self, binding: Binding) -> Schedule:
        zone = self.timezone or binding.zone
        calendar = binding.calendar(self.calendar)
        deadline = None
        if self.due is not None:
            of_month = calendar if self.business_day is not None else None
            deadline = Deadline(self.due, zone, of_month, self.business_day)
        return Schedule(
            every=self.every if self.anchor is None else self.every.anchored(self.anchor),
            labels=self.labels,
            zone=zone,
            deadline=deadline,
            after=self.after or default_grace(self.every),
            from_start=self.due_from == "start",
            calendar=calendar,
            calendar_of_run=self.calendar_of == "run",
            lookback=self.lookback,
            since=self.since,
            windows=binding.windows_of(self.windows, zone),
            grace=self.grace or timedelta(0),
        )
