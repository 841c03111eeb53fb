"""What the end of a file's name says that it holds. Pure."""

from __future__ import annotations

COMPRESSIONS = frozenset({"gz", "gzip", "bz2", "zst", "zstd", "snappy", "lz4", "lzo", "deflate", "br", "xz"})
FORMATS = {
    "parquet": "parquet", "parq": "parquet", "pq": "parquet", "orc": "orc", "avro": "avro",
    "json": "json", "jsonl": "json", "ndjson": "json", "csv": "csv", "tsv": "csv", "txt": "text", "log": "text",
    "zip": "zip", "7z": "7z", "rar": "rar", "tar": "tar", "tgz": "tar", "xlsx": "xlsx", "xls": "xls", "pdf": "pdf",
}  # fmt: skip
"""What a suffix says that a file holds."""


def bare(suffix: str) -> str:
    """Return the suffix without that of a compression: ``csv`` of ``.csv.gz``."""
    parts = [part for part in suffix.lower().split(".") if part]
    while len(parts) > 1 and parts[-1] in COMPRESSIONS:
        parts.pop()
    return parts[-1] if parts else ""


def says_parquet(name: str) -> bool:
    """Tell whether a file's name says that it holds Parquet: ``part-0.snappy.parquet``."""
    file = name.rpartition("/")[2]
    return "." in file and FORMATS.get(bare(file)) == "parquet"
