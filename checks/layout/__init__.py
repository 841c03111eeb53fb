"""Where time stands in a table's partition values or paths, inferred from what is there. Pure."""

from checks.layout.keys import infer_layout
from checks.layout.paths import infer_names, infer_path
from checks.layout.values import (
    NULL_PARTITION,
    KeyFormat,
    StatedLayout,
    TimeLayout,
    layout_from_json,
    other_padding,
)

__all__ = [
    "NULL_PARTITION",
    "KeyFormat",
    "StatedLayout",
    "TimeLayout",
    "infer_layout",
    "infer_names",
    "infer_path",
    "layout_from_json",
    "other_padding",
]
