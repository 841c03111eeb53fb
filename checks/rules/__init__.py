"""The checks: one file each, free of Great Expectations: config block, limits, sentences, needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.rules.catalog import CatalogConfig
from checks.rules.events import EventsConfig
from checks.rules.files import FilesConfig
from checks.rules.freshness import FreshnessConfig
from checks.rules.partitions import PartitionsConfig
from checks.rules.schema import SchemaConfig
from checks.rules.volume import VolumeConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.rules.base import CheckConfig

CHECKS: Mapping[str, type[CheckConfig]] = {
    config.check: config
    for config in (
        PartitionsConfig,
        FreshnessConfig,
        VolumeConfig,
        CatalogConfig,
        FilesConfig,
        SchemaConfig,
        EventsConfig,
    )
}
"""Every check by its name in the config, in the order of binding: freshness looks at the partitions' schedule."""
