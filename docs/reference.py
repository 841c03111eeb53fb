"""Writes the references of the config and of the commands out of the code: `make reference`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

DOCS = Path(__file__).parent
_CONFIG = """# The config, key by key

Written by `make reference` out of the models that read a config; `checks help TOPIC` tells the same in a terminal, and
`checks schema` prints the JSON Schema for editors. How the checks judge is told in [checks.md](checks.md).
"""
_COMMANDS = """# The commands

Written by `make reference` out of the command line itself; `checks COMMAND --help` tells the same.
"""


def config() -> str:
    """Return the reference of the config as Markdown."""
    from checks.config.reference import TOP, blocks

    lines = [_CONFIG]
    for block in blocks():
        lines += [
            f"## {'At the top' if block.topic == TOP else f'`{block.topic}`'}",
            "",
            block.description,
            "",
        ]
        lines += ["| key | meaning | for example |", "|---|---|---|"]
        for key in block.keys:
            said = key.description
            said += f" When absent: `{key.default}`." if key.default else ""
            said += " It has to be there." if key.required else ""
            said += f" Its keys: [`{key.topic}`](#{key.topic})." if key.topic else ""
            examples = "<br>".join(f"`{each}`" for each in key.examples)
            lines.append(f"| `{key.name}` | {_cell(said)} | {_cell(examples)} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def commands() -> str:
    """Return the reference of the commands as Markdown."""
    from checks.cli import parser
    from checks.help_topics import GENERAL
    from checks.help_topics import commands as commands_of

    lines = [_COMMANDS]
    for name, command in commands_of(parser()).items():
        lines += [f"## `checks {name}`", "", " ".join((command.description or "").split()), ""]
        lines += ["| option | meaning |", "|---|---|"]
        lines += [_option(action) for action in command._actions if action.dest != "help"]  # noqa: SLF001 - no other way
        if lines[-1].startswith("|---"):
            del lines[-2:]
        lines.append("")
    for name, (said, text) in GENERAL.items():
        lines += [f"## {name}", "", f"{said[0].upper()}{said[1:]}:", "", "```", text, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _option(action: argparse.Action) -> str:
    """Return an option as a row, written the same whatever Python's own help looks like."""
    value = "\\|".join(map(str, action.choices)) if action.choices else str(action.metavar or "")
    words = [*action.option_strings[-1:], value] if action.nargs != 0 else list(action.option_strings[-1:])
    return f"| `{' '.join(word for word in words if word)}` | {_cell(action.help or '')} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write both."""
    for name, text in (("config.md", config()), ("commands.md", commands())):
        (DOCS / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote docs/{name}\n")


if __name__ == "__main__":
    main()
