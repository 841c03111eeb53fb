"""The check `volume`, the last complete period holds about as much as usual: what a config may say of it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from checks.rules.asking import UNSHARED
from checks.rules.base import (
    Binding,
    CheckConfig,
    Telling,
)
from checks.rules.key_types import Percent, SeverityWord, Size
from checks.rules.retold import Retelling
from checks.rules.volume_limits import HISTORY
from checks.rules.volume_retold import VolumeRetold
from checks.rules.volume_rule import ROW_FILES, VolumeRule
from checks.rules.volume_words import Bound
from checks.schedule.periods import Unit

__all__ = ["VolumeConfig", "VolumeRule"]


class VolumeConfig(CheckConfig):
    """The last complete period holds as much as it should, and about as much as usual."""

    check: ClassVar[str] = "volume"
    expectation: ClassVar[str] = "checks.expectations.ExpectVolumeToBeUsual"
    telling: ClassVar[Telling] = Telling(of_silence=False, zero_is_silence=True)
    retelling: ClassVar[Retelling[Any] | None] = VolumeRetold()
    short_form: ClassVar[str | None] = "auto"

    min_bytes: Size | None = Field(None, description="No fewer bytes than this.", examples=["50MB"])
    max_bytes: Size | None = Field(None, description="No more bytes than this.", examples=["2TB"])
    min_files: int | None = Field(None, ge=0, description="No fewer data files than this.", examples=[1])
    max_files: int | None = Field(None, ge=0, description="No more data files than this.", examples=[5000])
    min_rows: int | None = Field(
        None,
        ge=0,
        description="No fewer rows than this, where a log or Parquet footers tell them.",
        examples=[1000],
    )
    max_rows: int | None = Field(
        None,
        ge=0,
        description="No more rows than this, where a log or Parquet footers tell them.",
        examples=[10000000],
    )
    drop: Percent | None = Field(
        None,
        description="At most so much below the usual of the same weekday, the median of earlier periods.",
        examples=["60%"],
    )
    rise: Percent | None = Field(
        None,
        description="At most so much above the usual of the same weekday, the median of earlier periods.",
        examples=["300%"],
    )
    auto: Literal[True] | None = Field(
        None,
        description="Learns drop and rise, where they are not stated, from how much periods differ, for the table's "
        "share of false_alarms: from a third to five times of the usual always pass.",
        examples=[True],
    )
    of: Literal["bytes", "files", "rows"] = Field(
        "bytes", description="What drop, rise and auto compare.", examples=["rows"]
    )
    season: Literal["week", "month"] | None = Field(
        None,
        description="What is usual by: week, the same weekday; month, the same day of earlier months, counted from "
        "its start or its end. When absent, the weekday, and what that does not explain by the day of the month.",
        examples=["month"],
    )
    history: int = Field(
        HISTORY,
        ge=3,
        le=52,
        description="How many earlier periods the usual rests on; half as many where all are of one weekday.",
        examples=[8],
    )
    row_files: int = Field(
        ROW_FILES,
        ge=1,
        le=1000,
        description="Where rows count: the footers of at most so many plain Parquet files are read a run.",
        examples=[500],
    )
    severity: SeverityWord = Field(
        "critical",
        validate_default=True,
        description="How bad it is when a limit is crossed.",
        examples=["warning"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> VolumeConfig:
        stated = self.model_dump(
            exclude={"of", "season", "history", "row_files", "severity"}, exclude_none=True
        )
        if not stated:
            message = "no limit; write such as min_bytes: 50MB, or drop: 60%, or the word auto"
            raise ValueError(message)
        for what in ("bytes", "files", "rows"):
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and most is not None and least > most:
                message = f"min_{what} is larger than max_{what}, so nothing would ever pass"
                raise ValueError(message)
        if self.drop is not None and self.drop >= 1:
            message = "drop of 100% or more is never reached; write a smaller one, such as 60%"
            raise ValueError(message)
        return self

    def bind(self, binding: Binding) -> VolumeRule:
        """Return the rule; raise ValueError where periods are too long to stand in a month."""
        every = binding.schedule.every if binding.schedule is not None else None
        if self.season == "month" and every is not None and every.unit not in (Unit.DAY, Unit.MINUTE):
            message = f"season: month compares days or parts of them, and a period is a {every.noun} here; take it out"
            raise ValueError(message)
        if self.season is not None and self.drop is None and self.rise is None and self.auto is None:
            message = "season says what drop, rise and auto compare with; write one of them beside it"
            raise ValueError(message)
        bounds = (
            Bound(what, is_most, value)
            for what in ("bytes", "files", "rows")
            for is_most in (False, True)
            if (value := getattr(self, f"{'max' if is_most else 'min'}_{what}")) is not None
        )
        return VolumeRule(
            bounds=tuple(bounds),
            drop=self.drop,
            rise=self.rise,
            auto=UNSHARED if self.auto is True else None,
            of=self.of,
            season=self.season,
            history=self.history,
            row_files=self.row_files,
            severity=self.severity,
            schedule=binding.schedule,
            zone=binding.zone,
        )
