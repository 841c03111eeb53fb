"""What `checks help TOPIC` tells: every block of the config, each command, and what holds for all of them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from checks.config.reference import Block, Key

EXIT_CODES = """\
0  all well
1  a finding at or over --fail-on (critical; warning or never can be asked for)
2  wrong usage, or a config with mistakes; nothing was looked at
3  the report was not delivered; or, where nothing fails, something could not be checked"""
WRITING = """\
Durations  a number and s, m, h, d or w: 90m, 36h, 14d
Sizes      a number and B, kB, MB, GB, TB, or KiB, MiB, GiB, TiB: 50MB
Deadlines  HH:MM, or a cron expression of five fields, in the timezone of the check, the entry or the file
Zones      IANA names: Europe/Berlin, UTC
Tables     database.table, account/database.table, or s3://bucket/prefix/; * and ? are globs
Variables  ${NAME}, ${NAME:-default}; $${ stands for itself
Switches   off turns a check off"""
VARIABLES = """\
CONFIG         a path or s3:// URI of the config; --config wins
TABLES         s3://a/,s3://b/in/,sales.orders: data within 24 h in each; CONFIG wins
TOPIC_ARN      the SNS topic, where the config states none
HISTORY        where what was told is kept, where the config states no history
CRON_SCHEDULE  when the monitor runs, for checks plan
AWS_REGION     the region, as for every AWS tool; AWS_PROFILE and its kin hold, too
NO_COLOR       no colours; FORCE_COLOR colours also what is piped; COLUMNS says how wide a pipe is"""
GENERAL = {
    "exit-codes": ("what the exit codes mean", EXIT_CODES),
    "writing": ("how durations, sizes, deadlines, zones and tables are written", WRITING),
    "environment": ("the variables that are read", VARIABLES),
}


def topics(parser: argparse.ArgumentParser) -> dict[str, str]:
    """Return all topics, each with a line on what it is."""
    from checks.config.reference import TOP, blocks

    found = {name: said for name, (said, _) in GENERAL.items()}
    for block in blocks():
        said = "the keys at the top of a config" if block.topic == TOP else f"the keys below {block.topic}:"
        found[block.topic] = said
    for name, command in commands(parser).items():
        found.setdefault(name, f"the command {command.prog}")
    return found


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands of the command line, by name."""
    import argparse

    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to its own commands
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    return {}


def say(topic: str, parser: argparse.ArgumentParser, width: int) -> str | None:
    """Return what there is to say of a topic, None where there is no such topic."""
    from checks.config.reference import blocks

    if topic in GENERAL:
        return GENERAL[topic][1]
    block = next((each for each in blocks() if each.topic == topic), None)
    if block is not None:
        return _said(block, width)
    command = commands(parser).get(topic)
    return command.format_help().rstrip() if command is not None else None


def overview(parser: argparse.ArgumentParser) -> str:
    """Return the list of topics."""
    found = topics(parser)
    widest = max(map(len, found))
    lines = [f"  {name.ljust(widest)}  {said}" for name, said in found.items()]
    return "\n".join(["Write checks help TOPIC, with one of", *lines])


def _said(block: Block, width: int) -> str:
    lines = textwrap.wrap(block.description, width) if block.description else []
    for key in block.keys:
        lines += ["", *_key(key, width)]
    return "\n".join(lines).strip()


def _key(key: Key, width: int) -> list[str]:
    lines = [f"{key.name}{'  (has to be there)' if key.required else ''}"]
    lines += textwrap.wrap(key.description, width, initial_indent="  ", subsequent_indent="  ")
    if key.examples:
        lines.append(f"  for example {key.name}: {key.examples[0]}")
    if key.default:
        lines.append(f"  when absent: {key.default}")
    if key.topic:
        lines.append(f"  its keys: checks help {key.topic}")
    return lines
