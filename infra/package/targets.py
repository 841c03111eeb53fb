"""The machines and the Python that a package is built for."""

from __future__ import annotations

from dataclasses import dataclass

PYTHON = "3.13"
"""The Lambda runtime's: python3.13 is the first whose C library suits all wheels and that runs until 2029."""
GLIBC = "2.28"
"""The oldest C library that the wheels take; the runtime has 2.34."""


@dataclass(frozen=True, slots=True)
class Target:
    """A machine: as Lambda calls it, as wheels call it, and its number in the head of a library."""

    architecture: str
    machine: str
    elf: int

    @property
    def platform(self) -> str:
        """The platform of its wheels."""
        return f"{self.machine}-manylinux_{GLIBC.replace('.', '_')}"


TARGETS = {
    each.architecture: each for each in (Target("x86_64", "x86_64", 62), Target("arm64", "aarch64", 183))
}
