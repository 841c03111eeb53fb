"""What the program asks AWS for while it is tested, and whether that is what its parts declare.

Each attempt that botocore or the short way of listings makes is noted with the module that declares its action, out of
the stack. What tests ask for themselves, and the demo for its lake, is none of it. Every process writes a file; whoever
started the tests joins them, and compares them with what is declared once the whole suite has run.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from checks.iam import DIRECTORY, registry
from checks.rights import action_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from types import FrameType

DEMO = "checks.demo"
UNDECLARED = "undeclared"
IMPLIED = frozenset({DIRECTORY})
"""Actions of sessions that botocore opens by itself."""


class Recorder:
    """Notes pairs of module and action; the module is `UNDECLARED` with the asking one where none declares it."""

    def __init__(self) -> None:
        self.pairs: set[tuple[str, str]] = set()

    def start(self) -> None:
        """Listen to all that this process asks for from here on."""
        from botocore import endpoint as botocore_endpoint

        from checks.aws import express

        ordinary: Any = botocore_endpoint.Endpoint
        quick: Any = express.Express
        attempt, short = ordinary._do_get_response, quick._send

        def noted(endpoint: Any, request: Any, operation: Any, context: Any) -> Any:
            self.note(f"{operation.service_model.service_name}:{operation.name}", sys._getframe(1))
            return attempt(endpoint, request, operation, context)

        def noted_too(*given: Any) -> Any:
            self.note("s3:ListObjectsV2", sys._getframe(1))
            return short(*given)

        ordinary._do_get_response = noted
        quick._send = staticmethod(noted_too)

    def note(self, operation: str, frame: FrameType | None) -> None:
        """Note what is asked from this frame."""
        names = asking(frame)
        if names and names[0] != DEMO:
            action = action_of(operation)
            self.pairs.add((owner(names, action), action))

    def save(self, folder: Path, worker: str) -> None:
        """Write what was noted, for `joined`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{worker}.json").write_text(json.dumps(sorted(self.pairs)), "utf-8")


def asking(frame: FrameType | None) -> list[str]:
    """Return the modules of the program that a frame was called by, the nearest first."""
    names: list[str] = []
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith("checks.") and (not names or names[-1] != name):
            names.append(name)
        frame = frame.f_back
    return names


def owner(names: Iterable[str], action: str) -> str:
    """Return the nearest module that declares the action; a reader of a format answers for all below it."""
    declared, of_setup = registry.declared(), registry.of_setup()
    asked = list(names)
    for name in asked:
        if action in declared.get(name, ()) or action in of_setup.get(name, ()):
            return name
        if registry.is_reader(name):
            return f"{UNDECLARED} {name}"
    above = [name for name in asked if not name.startswith("checks.aws.")]  # sessions ask for every part
    by_test = asked == ["checks.aws.express"] or any(name.startswith("checks.lake") for name in above)
    if by_test and not any(name in declared for name in above):
        return "checks.lake"  # threads that help, and stores that a test asks for itself
    return f"{UNDECLARED} {asked[0]}"


def joined(folder: Path) -> frozenset[tuple[str, str]]:
    """Return what all processes noted."""
    files = sorted(folder.glob("*.json"))
    return frozenset(
        (module, action) for file in files for module, action in json.loads(file.read_text("utf-8"))
    )


def differences(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Say what was asked for and is declared by nobody, and what is declared and was never asked for."""
    declared: Mapping[str, set[str]] = defaultdict(set)
    for found in (registry.declared(), registry.of_setup()):
        for module, actions in found.items():
            declared[module].update(actions)
    asked: Mapping[str, set[str]] = defaultdict(set)
    for module, action in pairs:
        asked[module].add(action)
    told = [
        f"{module.removeprefix(UNDECLARED).strip()} asks for {action}, which neither it nor its caller declares"
        for module, actions in asked.items()
        for action in actions - IMPLIED
        if module.startswith(UNDECLARED)
    ]
    told += [
        f"{module} declares {action}, and no test has it ask for that"
        for module, actions in declared.items()
        for action in actions - asked[module]
    ]
    told += [
        f"checks.lake asks for {action}, which no part of it declares"
        for action in asked["checks.lake"] - IMPLIED
        if not any(action in actions for name, actions in declared.items() if name.startswith("checks.lake"))
    ]
    return sorted(told)
