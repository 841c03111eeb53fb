"""Where reports go: one module a channel, each found by the key of the config that names its targets."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from checks.channels.base import Channel, Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.config.targets import Target

__all__ = ["Channel", "Delivery", "channel_of"]

_BY_KEY: Mapping[str, str] = {
    "topic": "checks.channels.sns",
    "chat": "checks.channels.chat",
    "eventbridge": "checks.channels.eventbridge",
    "webhook": "checks.channels.webhook",
    "file": "checks.channels.file",
}
"""Every channel's module by the key that names its targets in a config; imported when it is used."""


def channel_of(target: Target) -> Channel:
    """Return the channel to a target."""
    channel: Channel = import_module(_BY_KEY[target.kind]).channel(target.value)
    return channel
