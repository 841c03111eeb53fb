"""A broken installation: whatever needs a library that cannot be imported fails, and is never told as unknown.

That one table cannot be read is a verdict on the table. That the program lacks a part of itself is none: a run in which
it does would tell all tables as unknown, deliver that, and look as if it had done its work.
"""

from __future__ import annotations

_LACKING = {("botocore", "DataNotFoundError"), ("botocore", "UnknownServiceError")}
"""What botocore raises where its own descriptions of services were left out."""
_LONGEST = 400


class BrokenInstallation(ImportError):  # noqa: N818 - a sentence for the operator
    """Raised when a library that a run needs cannot be imported; its text says what to do."""


def refuse_broken(error: BaseException) -> None:
    """Raise `BrokenInstallation` where an error means that the program lacks a part of itself; else do nothing.

    Whoever makes a finding or a problem of an exception of any kind calls it first.
    """
    if isinstance(error, BrokenInstallation):
        raise error
    kind = type(error)
    if isinstance(error, ImportError) or (kind.__module__.partition(".")[0], kind.__name__) in _LACKING:
        raise broken(kind.__name__, str(error)) from error


def broken(kind: str, said: str) -> BrokenInstallation:
    """Return the error that tells what was raised, and what to do."""
    return BrokenInstallation(
        f"the monitor's own installation is broken, so that nothing can be concluded from this run: {kind}: "
        f"{' '.join(said.split())[:_LONGEST]}; install it anew (of a Lambda: make package, and deploy it)"
    )
