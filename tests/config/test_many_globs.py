"""Whatever the globs of a config are, it is validated within seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from checks.config import ConfigErrors, load

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPES: dict[str, Callable[[int], str]] = {
    "in both parts": lambda n: f"*s{n}*.orders_*",
    "by database": lambda n: f"db{n % 7}*.*x{n:03d}*",
    "many stars": lambda n: f"*a*{n}*b*.*c*{n % 13}*d*",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_hundreds_of_globs_that_overlap_are_validated_within_seconds(shape: str) -> None:
    tables = [{"table": SHAPES[shape](n), "freshness": {"max_age": f"{n % 5 + 1}h"}} for n in range(300)]
    began = time.process_time()
    with pytest.raises(ConfigErrors) as told:
        load({"version": 1, "tables": tables}, environ={})
    assert time.process_time() - began < 15
    assert 1 <= len(told.value.mistakes) <= 50
