"""Documents of state as version 1 wrote them, in the shape of the next one.

Version 1 kept one document for all configs of a history, wrote the value of each period by itself, and kept leases of
events beside those that were reported.
"""

from __future__ import annotations

from typing import Any

VERSION = 1


def upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document in version 2; raise KeyError, TypeError or AttributeError where a field is absent or wrong.

    Where the config lay is not known of it. A lease that had not ended in a report is forgotten: at worst that event
    is reported twice.
    """
    return {
        **document,
        "config_at": "",
        "told": [{**told, "items": _items(told["items"])} for told in document["told"]],
        "tables": {table: _record(record) for table, record in document["tables"].items()},
        "events": {
            event: one["done_at"] for event, one in document["events"].items() if one["done_at"] is not None
        },
        "left_out": [],
    }


def _items(items: dict[str, Any]) -> list[Any]:
    return [
        [item["state"], item["severity"], item["since"], item["told_at"], [key]]
        for key, item in items.items()
    ]


def _record(record: dict[str, Any]) -> dict[str, Any]:
    first_seen = [[at, [label]] for label, at in record["first_seen"].items()]
    past = [[*_pair(one), [key]] for key, one in record.get("past_periods", {}).items()]
    return {**record, "first_seen": first_seen, "past_periods": past}


def _pair(one: Any) -> list[Any]:
    if not isinstance(one, list):
        raise TypeError("past_periods")
    return one
