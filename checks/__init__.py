"""Tells a data team which of their S3 tables did not get the data that they should have by now.

    import checks

    report = checks.run("checks.yml", send=False)   # a path, an s3:// URI or a dict
    report                                          # shows itself in a notebook
    report.findings                                 # a DataFrame
    report["sales.orders"]                          # the findings of one table

What is heavy (pandas, AWS SDKs, Great Expectations) is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checks.notebook import Report, observe, run

__all__ = ["Report", "observe", "run"]


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used."""
    if name not in __all__:
        message = f"module 'checks' has no attribute {name!r}"
        raise AttributeError(message)
    from checks import notebook

    return getattr(notebook, name)


def __dir__() -> list[str]:
    """List the public names too, so that notebooks complete them."""
    return sorted([*globals(), *__all__])
