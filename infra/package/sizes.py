"""A package's sizes against what Lambda takes (AWS's quotas page, November 2026), with the margin told."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limit:
    """A size against the most that it may be; ``own`` is what the project allows itself, where that is less."""

    what: str
    size: int
    most: int
    own: int | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the size is within what the project allows itself."""
        return self.size <= (self.most if self.own is None else self.own)

    def say(self) -> str:
        """Return a line that tells the size, the limit, and what is left."""
        own = f", of which we allow ourselves {self.own / MIB:,.0f}" if self.own is not None else ""
        left = (self.most if self.own is None else self.own) - self.size
        margin = f"{left / MIB:,.1f} left" if left >= 0 else f"{-left / MIB:,.1f} TOO MUCH"
        return f"{self.what}: {self.size / MIB:,.1f} of {self.most / MIB:,.0f} MiB{own}: {margin}"


def limits(outer_bytes: int, unpacked_bytes: int, temporary_bytes: int) -> tuple[Limit, ...]:
    """Return what is limited of a package: what Lambda unpacks of it, its upload by way of S3, and its room in /tmp.

    The upload by way of S3 is bounded by what it unpacks to; a direct upload (50 MiB) is out of reach.
    """
    return (
        Limit("unpacked by Lambda", unpacked_bytes, 250 * MIB, 190 * MIB),
        Limit("uploaded by way of S3", outer_bytes, 250 * MIB),
        Limit(
            "unpacked by the handler in /tmp, with ephemeralStorageSize: 1024", temporary_bytes, 1024 * MIB
        ),
    )
