"""Where reports go: one module a channel, each found by how its targets are written."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from checks.channels.base import Channel, Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Channel", "Delivery", "channel_of"]

_BY_BEGINNING: Mapping[str, str] = {
    "arn:": "checks.channels.sns",
    "": "checks.channels.file",
}
"""Every channel's module by the beginning of its targets, the first that fits; imported when it is used."""


def channel_of(target: str) -> Channel:
    """Return the channel to a target: the ARN of an SNS topic, else a path or an ``s3://`` URI."""
    module = next(module for beginning, module in _BY_BEGINNING.items() if target.startswith(beginning))
    channel: Channel = import_module(module).channel(target)
    return channel
