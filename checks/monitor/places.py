"""Where a run's config is read from, and where its history is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.config import load, load_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from checks.config.resolved import Config

DEFAULT_HISTORY = ".checks/"


def history_of(config: Config, environ: Mapping[str, str]) -> str:
    """Return where the state is kept: the config's place, else HISTORY, else a folder beside the config.

    A folder that the config names, and the default, count from the config's own folder, wherever the command is run;
    HISTORY counts from the working folder. Empty in a Lambda without either: there is no folder of its own to write to.
    """
    stated = config.settings.history.at
    if not stated and environ.get("HISTORY", "").strip():
        return environ["HISTORY"].strip()
    if not stated and environ.get("AWS_LAMBDA_FUNCTION_NAME"):
        return ""
    place = stated or DEFAULT_HISTORY
    if place.startswith("s3://") or config.folder is None:
        return place
    joined = str(config.folder / place)  # an absolute place stays as it is
    return joined + "/" if place.endswith("/") else joined


def load_config(source: str | Path | dict[str, Any] | None, environ: Mapping[str, str]) -> Config:
    """Return the config at a path or ``s3://`` URI, or that of the environment (CONFIG, TABLES) for None.

    Raises `checks.config.ConfigErrors` with every mistake.
    """
    if source is None:
        return load_environment(environ, fetch=fetch_config)
    return load(source, environ=environ, fetch=fetch_config)


def fetch_config(uri: str) -> bytes:
    """Return the bytes of an object; the sentence of what went wrong is the OSError's."""
    from checks.lake.fetch import fetch

    return fetch(uri, max_bytes=1 << 20)
