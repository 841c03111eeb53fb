"""What the parts of the program declare that they ask AWS for, joined: each part says it beside the code that asks."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

import checks.aws
import checks.channels
import checks.history
import checks.lake

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

_PARTS: tuple[ModuleType, ...] = (checks.aws, checks.channels, checks.history, checks.lake)
"""Packages that may use the SDKs of AWS (import contract `aws`), but for the demo, which builds a lake of its own."""


@cache
def declared() -> Mapping[str, frozenset[str]]:
    """Return the IAM actions that a run needs, by the module that asks for them."""
    return {
        name: frozenset(actions)
        for name, module in _modules().items()
        if (actions := getattr(module, "IAM_ACTIONS", getattr(_reader(module), "iam_actions", ())))
    }


@cache
def of_setup() -> Mapping[str, frozenset[str]]:
    """Return what whoever has a policy printed needs beyond it, by the module that asks for it."""
    found = ((name, getattr(module, "SETUP_ACTIONS", ())) for name, module in _modules().items())
    return {name: frozenset(actions) for name, actions in found if actions}


def actions() -> tuple[str, ...]:
    """Return all actions that a run may need, whatever it watches, sorted."""
    return tuple(sorted(frozenset[str]().union(*declared().values())))


def actions_of(*modules: str) -> frozenset[str]:
    """Return what these modules declare, such as ``channels.sns``; KeyError for one that declares nothing."""
    return frozenset[str]().union(*(declared()[f"checks.{name}"] for name in modules))


def is_reader(name: str) -> bool:
    """Tell whether a module reads one table format, and so declares all that is asked for on its behalf."""
    return _reader(_modules().get(name)) is not None


@cache
def _modules() -> Mapping[str, ModuleType]:
    names = (
        found.name for part in _PARTS for found in walk_packages(part.__path__, prefix=f"{part.__name__}.")
    )
    return {name: import_module(name) for name in names}


def _reader(module: ModuleType | None) -> Any:
    return getattr(module, "READER", None)
