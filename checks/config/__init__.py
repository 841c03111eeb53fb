"""The config: YAML or a dict to what holds for each table, with every mistake told at once."""

from __future__ import annotations

from checks.config.environment import from_tables, load_environment
from checks.config.keys import Account
from checks.config.loading import load, load_text
from checks.config.mistakes import ConfigErrors, Mistake
from checks.config.resolved import Config, Resolved, Silence
from checks.config.routes import Route, matches_id
from checks.config.schema import json_schema
from checks.config.selectors import Selector

__all__ = [
    "Account",
    "Config",
    "ConfigErrors",
    "Mistake",
    "Resolved",
    "Route",
    "Selector",
    "Silence",
    "from_tables",
    "json_schema",
    "load",
    "load_environment",
    "load_text",
    "matches_id",
]
