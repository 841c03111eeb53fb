"""The config that environment variables name: CONFIG, or else TABLES; TOPIC_ARN and HISTORY beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checks.config.key_types import parse_history, parse_topic
from checks.config.loading import Loader, load
from checks.config.mistakes import ConfigErrors, Mistake
from checks.config.source import from_dict
from checks.rules import CHECKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.config.resolved import Config
    from checks.config.source import Fetch


def load_environment(environ: Mapping[str, str], *, fetch: Fetch | None = None) -> Config:
    """Return the config that ``CONFIG`` names, or else that of ``TABLES``.

    ``TOPIC_ARN`` and ``HISTORY`` stand in where the config states no topic or history. An empty
    variable counts as not set. Raises ConfigErrors, also when neither is set.
    """
    named, tables = environ.get("CONFIG", "").strip(), environ.get("TABLES", "").strip()
    if not named and not tables:
        advice = "set CONFIG to a path or s3:// URI, or TABLES to such as s3://bucket/prefix/,sales.orders"
        raise ConfigErrors(
            [Mistake(source="environment", message=f"neither CONFIG nor TABLES is set; {advice}")]
        )
    given: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for variable, key, parse in (("TOPIC_ARN", "topic", parse_topic), ("HISTORY", "history", parse_history)):
        text = environ.get(variable, "").strip()
        try:
            if text:
                given[key] = parse(text)
        except ValueError as error:
            mistakes.append(Mistake(source="environment", path=variable, message=str(error)))
    try:
        config = load(named, environ=environ, fetch=fetch) if named else from_tables(tables)
    except ConfigErrors as error:
        raise ConfigErrors([*mistakes, *error.mistakes]) from None
    if mistakes:
        raise ConfigErrors(mistakes)
    notes = config.notes
    if named and tables:
        told = "environment: TABLES: is set beside CONFIG, which wins; nothing of TABLES is looked at"
        notes = (*notes, told)
    settings = config.settings
    kept = settings.history
    history = kept.model_copy(update={"at": kept.at or given.get("history")})
    stands_in = {"topic": settings.topic or given.get("topic"), "history": history}
    return replace(config, settings=settings.model_copy(update=stands_in), notes=notes)


def from_tables(text: str) -> Config:
    """Return the config of a list such as ``s3://a/,s3://b/in/,sales.orders``: data within 24 h in each."""
    stripped = (name.strip() for name in text.split(",") if name.strip())
    names = {(name.removesuffix("/") if "://" in name else name.lower()): name for name in stripped}
    if not names:
        advice = "write locations and tables, such as s3://bucket/prefix/,sales.orders"
        raise ConfigErrors([Mistake(source="TABLES", message=f"names nothing; {advice}")])
    # A list is no config: no variable is expanded in it.
    entries = [
        {"prefix" if "://" in name else "table": name.replace("${", "$${"), "freshness": {"max_age": "24h"}}
        for name in names.values()
    ]
    return Loader(from_dict({"version": 1, "tables": entries}, {}, "TABLES"), CHECKS).config()
