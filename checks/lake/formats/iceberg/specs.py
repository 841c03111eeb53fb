"""Iceberg: how partition values are read that any of a table's partition specs wrote. Pure.

Apache Iceberg Table Spec, "Partitioning", "Partition Evolution" and "Partition Transforms". A field of a spec is its
source column and its transform; names are for people, and change without a file being written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from checks.lake.codecs.documents import malformed, whole_number
from checks.lake.formats.iceberg.manifests import TIMES, Field, objects_in
from checks.lake.formats.iceberg.metadata import fields_of
from checks.layout import NULL_PARTITION, StatedLayout
from checks.model import Column, Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checks.lake.formats.iceberg.manifests import Manifest
    from checks.lake.formats.iceberg.metadata import Metadata
    from checks.schedule.periods import Every

    Specs = Mapping[int, Sequence[Field]]


def specs_of(metadata: Metadata) -> dict[int, tuple[Field, ...]]:
    """Return the partition specs by their id; raise Unobserved (malformed) for what is none."""
    document, place = metadata.document, metadata.place
    columns = _columns(document)
    entries = document.get("partition-specs")
    if entries is None and document.get("partition-spec") is None:
        return {}
    if entries is None:  # version 1 may tell but the one
        entries = [{"spec-id": 0, "fields": document.get("partition-spec")}]
    specs: dict[int, tuple[Field, ...]] = {}
    for entry in objects_in(entries, "partition-specs", place):
        fields = []
        for each in objects_in(entry.get("fields"), "the fields of a partition spec", place):
            name, transform = each.get("name"), each.get("transform")
            if not isinstance(name, str) or not isinstance(transform, str):
                raise malformed(place, "a field of a partition spec has no name or no transform")
            sources = each.get("source-ids")
            source = sources[0] if isinstance(sources, list) and len(sources) == 1 else each.get("source-id")
            source = source if isinstance(source, int) else None
            names, kind = columns.get(source, ((), "")) if source is not None else ((), "")
            # Glue and the config write names in lower case.
            fields.append(
                Field(
                    name.lower(),
                    names[-1] if names else "",
                    transform.lower(),
                    kind,
                    source if not isinstance(sources, list) or len(sources) == 1 else None,
                    frozenset(names),
                )
            )
        number = whole_number(entry.get("spec-id"))
        specs[number if number is not None else 0] = tuple(fields)
    return specs


def _columns(document: Mapping[str, Any]) -> dict[int, tuple[tuple[str, ...], str]]:
    """Return the names (lower case, the current one last) and the type of columns by their field id, over all schemas.

    Fields of structs are among them, with dots between.
    """
    schemas = document.get("schemas")
    listed = [each for each in schemas if isinstance(each, dict)] if isinstance(schemas, list) else []
    current = document.get("current-schema-id")
    listed.sort(key=lambda each: each.get("schema-id") == current)
    found: dict[int, tuple[tuple[str, ...], str]] = {}
    for schema in (document.get("schema"), *listed):
        for path, number, kind in fields_of(schema):
            before = found[number][0] if number in found else ()
            name = path.lower()
            found[number] = ((*(each for each in before if each != name), name), kind)
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    """The partition keys of one spec, and from which value of each spec each of them is read.

    ``told`` is the key whose values are stretches of time, where there is one. ``found`` holds by spec, for each key,
    the place of the field and the field, None where the spec has none that tells it.
    """

    keys: tuple[Column, ...]
    fields: tuple[Field, ...]
    found: Mapping[int, tuple[tuple[int, Field] | None, ...]]
    told: StatedLayout | None

    @classmethod
    def of(cls, chosen: Sequence[Field], specs: Specs, every: Every | None) -> Reading:
        """Read all specs by the keys of one of them.

        Other fields of the same column tell a key of time, too, where their values lie within one period ``every``.
        """
        fields = tuple(each for each in chosen if each.is_value)
        keys = tuple(
            Column(
                each.name,
                "date" if each.transform == "day" else "string" if each.transform in TIMES else each.type,
            )
            for each in fields
        )
        finest = next((each for unit in TIMES for each in fields if each.transform == unit), None)
        told = StatedLayout((finest.name,), (TIMES[finest.transform],)) if finest is not None else None
        found = {
            number: tuple(_match(each, spec, every) for each in fields) for number, spec in specs.items()
        }
        return cls(keys, fields, found, told)

    def texts(self, spec_id: int, values: Sequence[Any], place: str) -> tuple[str, ...]:
        """Return a file's partition values as text, in the order of the keys; raise Unobserved (malformed)."""
        try:
            return tuple(
                match[1].text_for(target, values[match[0]])
                if match is not None and match[0] < len(values)
                else NULL_PARTITION
                for target, match in zip(self.fields, self.found[spec_id], strict=True)
            )
        except (TypeError, ValueError, OverflowError) as error:
            raise malformed(place, f"a partition value is no time: {error}") from error

    def bounds(self, manifest: Manifest, index: int) -> tuple[str, ...] | None:
        """Return the lower (0) or upper (1) bounds of a manifest in the order of the keys; None where it tells none.

        A key that its spec does not tell, or without a value or a bound that is read, has none.
        """
        matches = self.found.get(manifest.spec_id)
        if matches is None or any(match and match[0] >= len(manifest.bounds) for match in matches):
            return None
        return tuple(
            (match[1].bound_for(target, manifest.bounds[match[0]][index]) if match is not None else None)
            or NULL_PARTITION
            for target, match in zip(self.fields, matches, strict=True)
        )

    def mute(self, names: Sequence[str]) -> frozenset[int]:
        """Return the specs whose files do not tell all of these keys."""
        timed = set(names)
        return frozenset(
            number
            for number, matches in self.found.items()
            if any(match is None and key.name in timed for key, match in zip(self.keys, matches, strict=True))
        )


def _match(wanted: Field, spec: Sequence[Field], every: Every | None) -> tuple[int, Field] | None:
    """Return the field of a spec that tells what a key does, with its place: of the same column, as fine or finer."""
    same = [
        (place, each) for place, each in enumerate(spec) if each.is_value and each.source == wanted.source
    ]
    exact = next((pair for pair in same if pair[1].unit == wanted.unit), None)
    if exact is not None or every is None or not wanted.is_time:
        return exact
    return next((pair for pair in same if pair[1].is_time and _lies_within(pair[1].unit, every)), None)


@lru_cache(maxsize=256)
def _lies_within(unit: str, every: Every) -> bool:
    """Tell whether each value of a unit lies within one period: a day does in a week, a month does not."""
    if unit not in TIMES:
        return True
    last = timedelta(microseconds=1)
    return all(every.floor(start) == every.floor(end - last) for start, end in pairwise(_starts(unit)))


def _starts(unit: str) -> Iterator[datetime]:
    """Yield when the values of a unit start, over so long a time that all kinds of days, months and years are in it."""
    first = datetime(2024, 1, 1)  # noqa: DTZ001 - wall times
    match unit:
        case "hour":
            yield from (first + timedelta(hours=count) for count in range(24 * 8))
        case "day":
            yield from (first + timedelta(days=count) for count in range(800))
        case "month":
            yield from (first.replace(year=2024 + count // 12, month=count % 12 + 1) for count in range(72))
        case _:
            yield from (first.replace(year=2024 + count) for count in range(12))


def candidates(specs: Specs, metadata: Metadata, stated: Sequence[str]) -> list[Sequence[Field]]:
    """Return the specs whose keys may tell periods, the current one first, then newer ones before older ones.

    A key that a config names by its column, or by what it was called before, is called so.
    """
    number = whole_number(metadata.document.get("default-spec-id"))
    current = number if number is not None else 0
    ordered = [current, *sorted((each for each in specs if each != current), reverse=True)]
    names = _names(specs)
    return [
        _called(specs[number], stated, names)
        for number in ordered
        if any(each.is_value for each in specs.get(number, ()))
    ]


def _names(specs: Specs) -> dict[tuple[int | None, str], frozenset[str]]:
    found: dict[tuple[int | None, str], frozenset[str]] = {}
    for fields in specs.values():
        for each in fields:
            about = (each.source, each.unit)
            found[about] = found.get(about, frozenset()) | {each.name} | each.other_names
    return found


def _called(
    fields: Sequence[Field], stated: Sequence[str], names: Mapping[tuple[int | None, str], frozenset[str]]
) -> Sequence[Field]:
    called = list(fields)
    for name in stated:
        others = [
            (place, each)
            for place, each in enumerate(called)
            if each.is_value and name in names[each.source, each.unit]
        ]
        if others and all(each.name != name for each in called):
            place, each = min(others, key=lambda pair: _FINENESS.get(pair[1].unit, len(_FINENESS)))
            called[place] = replace(each, name=name)
    return called


_FINENESS = {unit: place for place, unit in enumerate(("instant", *TIMES))}


def _say(fields: Sequence[Field]) -> str:
    return ", ".join(sorted({f"{each.transform} of {each.column or each.name}" for each in fields}))


def not_told(table: str, specs: Specs, metadata: Metadata) -> Problem:
    """Return why no partition spec of a table tells one period from the next, by the one that it has now."""
    number = whole_number(metadata.document.get("default-spec-id"))
    current = specs.get(number if number is not None else 0)
    if current is None:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"the metadata of {table} tells no partition spec, so by what it is partitioned is not known",
            "look at the engine that writes it, or watch it with freshness",
        )
    now = [each for each in current if each.transform != "void"]
    unknown = sorted({each.transform for each in now if not each.is_known})
    if unknown:
        what = f"is partitioned by {', '.join(unknown)}, which is not known"
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table} {what}, so its log does not tell one period from the next",
            "update the monitor, or watch it with freshness",
        )
    before = [each for spec in specs.values() for each in spec if each.transform != "void"]
    what = f"is partitioned by {_say(now)} alone" if now else "is not partitioned"
    if before and not now:
        what += f" any more (it was, by {_say(before)})"
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"{table} {what}, so its log does not tell one period from the next",
        "watch it with freshness",
    )
