"""Which objects are a table's data, by their names. Pure."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache

from checks.model import Format


def is_data(path: str, pattern: str | None = None, table_format: Format = Format.FILES) -> bool:
    r"""Tell whether the object at this path below a table's location is data.

    Not data are folder markers (a slash or ``$folder$`` at the end), checksums (``*.crc``) and all that has
    a segment beginning with ``.`` or ``_``, as Athena ignores it: ``_SUCCESS``, ``_temporary/``,
    ``.spark-staging*``, ``_spark_metadata``, ``_delta_log``, ``.hoodie``. Of an Iceberg table also its
    ``metadata/``. ``pattern`` is a glob (``*`` crosses slashes): one with a slash has to match the path, any
    other one the file's name.
    """
    if not path or path.endswith(("/", "$folder$", ".crc")):
        return False
    segments = path.split("/")
    if any(segment.startswith((".", "_")) for segment in segments):
        return False
    if table_format is Format.ICEBERG and segments[0] == "metadata":
        return False
    return pattern is None or matches(path, pattern)


def matches(path: str, pattern: str) -> bool:
    """Tell whether a path below a table's location matches a pattern, by its name where the pattern has no slash."""
    segments = path.split("/")
    return _compiled(pattern).match(path if "/" in pattern else segments[-1]) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))
