"""Of tests with made-up examples the lines of the first few are counted: the others are there to find faults."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

EXAMPLES = 10
"""The lines of so many are counted: further ones reach the same, and counting makes them take thrice as long."""


@contextmanager
def of_few(item: pytest.Item) -> Iterator[None]:
    """While the test runs, end the counting of lines after so many examples, and go on with it after the test."""
    made_up: Any = getattr(getattr(item, "obj", None), "hypothesis", None)
    plugin: Any = item.config.pluginmanager.get_plugin("_cov")
    counter = plugin.cov_controller if plugin is not None else None
    if made_up is None or counter is None or item.get_closest_marker("no_cover") is not None:
        yield
        return
    test, seen = made_up.inner_test, 0

    @wraps(test)
    def counted(*given: Any, **named: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == EXAMPLES + 1:
            counter.pause()
        return test(*given, **named)

    made_up.inner_test = counted
    try:
        yield
    finally:
        made_up.inner_test = test
        if seen > EXAMPLES:
            counter.resume()
