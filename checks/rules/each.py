"""What may stand under `each`: keys, their values, and deadlines of their own for each value. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from checks.layout.dimensions import Dimensions, parse_each
from checks.rules.key_types import MistakesBelow, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.model import Combination
    from checks.rules.base import CheckConfig

OWN_KEYS = (
    "due", "after", "grace", "due_from", "timezone", "calendar", "calendar_of", "business_day", "windows", "since",
)  # fmt: skip
"""What may differ from value to value: when each is due. The rest is of the table as a whole."""


@dataclass(frozen=True, slots=True)
class Each:
    """The keys that are told apart, with what is stated of single values: by key and value, as it stands there."""

    dimensions: Dimensions
    own: Mapping[tuple[str, str], Any] = field(default_factory=dict)

    def of(self, combination: Combination) -> tuple[tuple[str, str], ...]:
        """Return those of a combination's values of which something is stated."""
        return tuple(pair for pair in combination if pair in self.own)


def parse_each_of(value: object) -> Each | None:
    """Read what stands under ``each``; raise ValueError with what to write, or with where it is wrong below."""
    if value is None or isinstance(value, Each):
        return value
    dimensions = parse_each(value)
    if dimensions is None:
        return None
    if not isinstance(value, dict):
        return Each(dimensions)
    own = {
        (key.strip().lower(), str(each)): block
        for key, stated in value.items()
        if isinstance(stated, dict)
        for each, block in stated.items()
        if block not in (None, {})
    }
    return Each(dimensions, own)


def own_blocks(each: Each, check: type[CheckConfig]) -> dict[tuple[str, str], BaseModel]:
    """Return what is stated of single values, read as the check's own keys are; raise `MistakesBelow`."""
    model = own_model(check)
    found: dict[tuple[str, str], BaseModel] = {}
    wrong: list[tuple[tuple[str | int, ...], ValidationError | ValueError, type[BaseModel] | None]] = []
    for pair, block in each.own.items():
        if not isinstance(block, dict):
            advice = 'write keys below it, such as due: "06:00"'
            wrong.append((pair, ValueError(f"{show(block)} is not a block of keys; {advice}"), None))
            continue
        if of_table := sorted(block.keys() & (check.model_fields.keys() - set(OWN_KEYS))):
            why = f"{of_table[0]} is of the table as a whole; write it beside each (a value's own are: "
            wrong.append(((*pair, of_table[0]), ValueError(f"{why}{', '.join(OWN_KEYS)})"), None))
            continue
        try:
            found[pair] = model.model_validate(dict(block))
        except ValidationError as error:
            wrong.append((pair, error, model))
    wrong += [(pair, ValueError(message), None) for pair, message in _stated_twice(found, check)]
    if wrong:
        raise MistakesBelow((("each", *below), mistake, of) for below, mistake, of in wrong)
    return found


def _stated_twice(
    found: Mapping[tuple[str, str], BaseModel], check: type[CheckConfig]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield where values of two keys, which may come together, state the same, or what excludes one another."""
    exclusive = frozenset[str]().union(*check.groups)
    for (one, ones), (other, others) in combinations(found.items(), 2):
        mine, theirs = ones.model_fields_set, others.model_fields_set
        both = mine & theirs or (
            (mine | theirs) & exclusive if mine & exclusive and theirs & exclusive else set()
        )
        if one[0] != other[0] and both:
            name, value = one
            told = f"{' and '.join(sorted(both))} of {other[0]} {other[1]} is stated of {name} {value} too"
            yield other, f"{told}, and data may be of both; state it of the values of one key only"


@cache
def own_model(check: type[CheckConfig]) -> type[BaseModel]:
    """Return the model of what is stated of one value: those of the check's own keys that may differ."""
    fields: dict[str, Any] = {
        name: (check.model_fields[name].annotation, check.model_fields[name]) for name in OWN_KEYS
    }
    config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    return create_model("OwnDeadlines", __config__=config, **fields)
