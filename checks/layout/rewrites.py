"""Which data objects a compaction wrote, where the layout tells it: rows that had come before. Pure.

Apache Hive, `AcidUtils`: what is written to a transactional table lies in folders ``delta_<first>_<last>`` and
``base_<last>`` by numbers of writes; deletes lie in ``delete_delta_...``. Since Hive 4.0 those that the compactor
wrote, and no others, end in ``_v<transaction>``.
"""

from __future__ import annotations

import re

_NUMBER = r"\d{7,19}"
_HIVE = re.compile(
    rf"(?:^|/)(delete_)?(?:delta_{_NUMBER}_{_NUMBER}(?:_\d{{4}})?|base_{_NUMBER})(_v{_NUMBER})?/[^/]+\Z",
    re.ASCII,
)
_NO_VISIBILITY = "_v" + "0" * 7


def may_tell(names: str) -> bool:
    """Tell at a glance whether one of these names may be of a layout that tells; most are of none."""
    return "/delta_" in names or "/base_" in names or "/delete_delta_" in names


def is_compacted(path: str) -> bool:
    """Tell whether a compaction wrote the object at a path."""
    found = _HIVE.search(path)
    # "_v0 is equivalent to no suffix"
    return found is not None and found[2] is not None and found[2] != _NO_VISIBILITY


def tells_deletes(path: str) -> bool:
    """Tell whether the object at a path says which rows are gone, and holds none."""
    found = _HIVE.search(path)
    return found is not None and found[1] is not None
