"""Delta: what a table asks of its readers, and whether that is known here. Pure.

Delta Transaction Log Protocol: "Protocol Evolution", "Table Features", "Reader Version Requirements".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.aws.problems import clean
from checks.lake.codecs.documents import malformed, whole_number
from checks.model import Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Mapping

NEWEST_READER = 3
"""The highest minReaderVersion of the protocol as it is known."""
READER_FEATURES = frozenset({
    "catalogManaged", "catalogOwned", "catalogOwned-preview", "columnMapping", "deletionVectors", "timestampNtz",
    "typeWidening", "typeWidening-preview", "v2Checkpoint", "vacuumProtocolCheck", "variantShredding",
    "variantShredding-preview", "variantType", "variantType-preview",
})  # fmt: skip
"""Features of readers that change nothing for who asks when data came, or that are read here (protocol, "Valid Feature
Names in Table Features"). Whoever does not know all that a table lists must not read it ("Table Features")."""
_MOST_TOLD = 5


class NotReadable(Unobserved):
    """Raised for a table that asks for more of its readers than is known here: none of its log may be believed."""


def check_protocol(body: Mapping[str, Any], place: str) -> None:
    """Raise NotReadable (unsupported) when the table asks for a reader of a later protocol, or a feature not known."""
    version = whole_number(body.get("minReaderVersion"))
    if version is None:
        raise malformed(place, f"minReaderVersion is {body.get('minReaderVersion')!r}")
    features = body.get("readerFeatures") or []
    if not isinstance(features, list):
        raise malformed(place, f"readerFeatures is {features!r:.80}, which is no list")
    if version > NEWEST_READER:
        raise _not_readable(place, f"Delta reader version {version}; up to {NEWEST_READER} is read")
    unknown = sorted({str(each)[:80] for each in features} - READER_FEATURES)
    if version == NEWEST_READER and unknown:
        told = ", ".join(unknown[:_MOST_TOLD]) + (" and more" if len(unknown) > _MOST_TOLD else "")
        noun = "a feature that is" if len(unknown) == 1 else "features that are"
        raise _not_readable(place, f"the table asks its readers for {noun} not known: {told}")


def _not_readable(place: str, what: str) -> NotReadable:
    return NotReadable(
        Problem(ProblemKind.UNSUPPORTED, f"{clean(place)}: {clean(what)}", "update the monitor")
    )
