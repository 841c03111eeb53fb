"""A trouble is told once: what fails since a period holds no data is told within the item of that period. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.model import Finding


def told_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings in their order, those marked that are told within another one of their table.

    That is so where one tells that a period holds no data, and another fails by what came of that period. Verdicts
    stay as they are. What is silenced is told nowhere, so it hides nothing and is not told within another.
    """
    found = tuple(findings)
    by_table: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        if (
            finding.status is Status.FAIL
            and finding.silenced is None
            and (finding.lacking or finding.of_period)
        ):
            by_table[finding.table].append(finding)
    marked: dict[str, Finding] = {}
    for failing in by_table.values():
        for host in failing:
            guests = [each for each in failing if each is not host and each.of_period in host.lacking]
            if guests and host.id not in marked:
                marked[host.id] = replace(host, told_with=tuple(guests))
                marked |= {guest.id: replace(guest, within=host.id) for guest in guests}
    return tuple(marked.get(finding.id, finding) for finding in found) if marked else found
