"""Whose state a history holds: two configs of one name do not overwrite what the other knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checks.changes import State
    from checks.config.resolved import Config


class OfAnotherConfig(Exception):  # noqa: N818 - a sentence for the user
    """Raised when the state of this config's name was written by another config that lies elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose state it is: the config's name, where it lies, and which tables (by id) it watches."""

    name: str
    at: str
    watches: Callable[[str], bool]

    @classmethod
    def of(cls, config: Config, environ: Mapping[str, str]) -> Owner:
        """Return the owner that a config is: beside its path or URI, a Lambda's name tells where it lies."""
        source, function = config.source, environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        if source in ("TABLES", "config") and not function:
            at = f"{source} in {Path.cwd()}" if source == "TABLES" else source
        else:
            at = source if source.startswith("s3://") or function else str(Path(source).resolve())
            at = f"{at} of the function {function}" if function and not at.startswith("s3://") else at
        return cls(name=config.known_as, at=at, watches=config.watches)

    def refuses(self, state: State) -> str:
        """Return why the state is that of another config, empty when it is its own."""
        known = {*state.tables, *(told.table for told in state.told.values())}
        if state.config_at in ("", self.at) or not known or any(self.watches(table) for table in known):
            return ""
        mend = f"give {self.at} a `name` of its own, or another `history`"
        if self.at.startswith("TABLES"):
            mend = "set another HISTORY, or CONFIG in place of TABLES: a config with a `name` of its own"
        return (
            f"The history under the name {self.name!r} was written by another config, {state.config_at}, and the two "
            f"watch no table in common; {mend}."
        )

    def takes_over(self, state: State) -> bool:
        """Tell whether a state that was shared by all configs, as version 1 kept it, is this config's."""
        known = {*state.tables, *(told.table for told in state.told.values())}
        return state.name in ("", self.name) and (not known or any(self.watches(table) for table in known))
