"""Iceberg tables whose commits are told by clocks that may be wrong, and when they are seen to have come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checks.lake.formats import iceberg
from checks.model import Format
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    freshness,
    iceberg_metadata,
    milliseconds,
    observe,
    plan_of,
    put_metadata,
    snapshot,
)
from tests.support.times import DAY, at

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Observation

YEAR_2027 = at("11-22 00:00") + 100 * DAY
FULL = {"added_records": 3, "added_data_files": 1, "total_files_size": 9, "total_delete_files": 0}


@dataclass(slots=True)
class Log:
    """A table whose commits are told one by one: when by their own clock, and when S3 got their files."""

    commits: list[dict[str, Any]] = field(default_factory=list)
    written: dict[str, datetime] = field(default_factory=dict)
    entries: list[dict[str, int]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    last: datetime = NOW
    updated: datetime | None = None

    def commit(
        self,
        number: int,
        told: datetime,
        operation: str = "append",
        *,
        written: datetime | None = None,
        parent: int | None = None,
        branch: bool = False,
        **counts: int,
    ) -> Log:
        """Add a commit on top of the one before; on a branch it is not the current one yet."""
        before = self.commits[-1]["snapshot-id"] if self.commits else None
        entry = snapshot(
            number, told, operation, parent if parent is not None else before, **(counts or FULL)
        )
        self.commits.append(entry)
        if written is not None:
            self.written[f"snap-{number}.avro"] = written
        self.last = written or told
        if not branch:
            self.publish(number, told)
        return self

    def publish(self, number: int, told: datetime, *, written: datetime | None = None) -> Log:
        """Make a snapshot the current one."""
        self.last = written or self.last
        self.entries.append({"snapshot-id": number, "timestamp-ms": milliseconds(told)})
        return self

    def keep_file(self, told: datetime, written: datetime) -> Log:
        """Keep an earlier metadata file."""
        name = f"{len(self.files)}.metadata.json"
        self.files.append({"metadata-file": f"{LOCATION}metadata/{name}", "timestamp-ms": milliseconds(told)})
        self.written[name] = written
        return self

    def objects(self, written: datetime | None = None) -> tuple[ObjectsInMemory, dict[str, str]]:
        """Return its objects, the metadata file being as old as the last commit, or as stated."""
        document = iceberg_metadata(*self.commits, current=self.entries[-1]["snapshot-id"])
        document |= {"snapshot-log": self.entries, "metadata-log": self.files}
        if self.updated is not None:
            document["last-updated-ms"] = milliseconds(self.updated)
        objects, parameters = put_metadata(document)
        objects.modified = dict.fromkeys(objects.objects, written or self.last)
        for name, moment in self.written.items():
            objects.put(f"{ROOT}metadata/{name}", b"Obj", moment)
        return objects, parameters

    def see(
        self, written: datetime | None = None, now: datetime = NOW, hours: float = 24, **clock: Any
    ) -> tuple[Observation, int]:
        """Return what is seen of it, and by how many GETs."""
        objects, parameters = self.objects(written)
        plan = plan_of(Format.ICEBERG, freshness(hours), parameters=parameters)
        seen = observe(iceberg.READER, plan, objects, now, **clock)
        assert objects.counts[0] == 0
        return seen, objects.counts[1]


def came(log: Log, written: datetime | None = None, **how: Any) -> tuple[datetime | None, int]:
    seen, gets = log.see(written, **how)
    return (seen.newest.at if seen.newest is not None else None), gets
