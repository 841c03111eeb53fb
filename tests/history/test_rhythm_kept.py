"""What a state keeps of how the last silence of a table went, and what is absent in documents of before."""

from __future__ import annotations

import pytest

from checks.history.memory_document import read_record, written_part
from checks.model import ArrivalsKept, TableMemory


@pytest.mark.parametrize("late_s", [0, 1, 36_000])
def test_by_how_much_what_ended_a_silence_was_late_is_kept(late_s: int) -> None:
    kept = ArrivalsKept(times="1000", late_s=late_s)
    written = written_part(TableMemory(arrivals=kept), "arrivals")
    assert isinstance(written, dict)
    assert written.get("late_s", 0) == late_s
    plain = {"matched_by": "", "by_glob": False, "first_period_at": None, "first_seen": [], "layout": None}
    assert read_record({**plain, "arrivals": written}).memory.arrivals == kept
