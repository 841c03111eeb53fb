"""The Great Expectations classes that judge, for this monitor's own suites and for everybody's.

Each compares two columns row by row: what was observed with its limit. Exactly the limit is good. A row
with a missing value on either side fails rather than being skipped: what is not known is no pass.

    from checks.expectations import ExpectTablesToBeFresh

    suite.add_expectation(ExpectTablesToBeFresh(column_A="newest_data_at", column_B="not_before"))
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)

_DOMAIN_KEYS = (
    "batch_id",
    "table",
    "column_A",
    "column_B",
    "row_condition",
    "condition_parser",
    "ignore_row_if",
)


class ColumnPairAtLeast(ColumnPairMapMetricProvider):
    """Row by row: column A is at or above column B."""

    condition_metric_name = "column_pair_values.checks_at_least"
    condition_domain_keys = _DOMAIN_KEYS

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: Any, column_B: Any, **_kwargs: object) -> Any:  # noqa: N803, N805 - GX's interface
        return column_A >= column_B


class ColumnPairAtMost(ColumnPairMapMetricProvider):
    """Row by row: column A is at or below column B."""

    condition_metric_name = "column_pair_values.checks_at_most"
    condition_domain_keys = _DOMAIN_KEYS

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: Any, column_B: Any, **_kwargs: object) -> Any:  # noqa: N803, N805 - GX's interface
        return column_A <= column_B


class _ComparedWithLimit(ColumnPairMapExpectation):
    """What the expectations share: no row is skipped, and the keys that GX asks of a pair expectation."""

    ignore_row_if: Literal["neither"] = "neither"
    domain_keys: ClassVar[tuple[str, ...]] = _DOMAIN_KEYS  # type: ignore[assignment]  # the base forgets keys
    success_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "ignore_row_if", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B")


class ExpectTablesToBeFresh(_ComparedWithLimit):
    """Expect the newest arrival of each table (column A) to be at or after its watermark (column B).

    Both columns hold instants with a zone (``datetime64[ns, UTC]``).
    """

    map_metric = "column_pair_values.checks_at_least"


class ExpectDuePartitionsToExist(_ComparedWithLimit):
    """Expect the number of due periods without data (column A) to be at most the limit (column B)."""

    map_metric = "column_pair_values.checks_at_most"


class ExpectVolumeToBeUsual(_ComparedWithLimit):
    """Expect the number of limits on a table's volume that are crossed (column A) to be at most column B."""

    map_metric = "column_pair_values.checks_at_most"


class ExpectCatalogToMatchStorage(_ComparedWithLimit):
    """Expect the number of places where catalog and storage differ (column A) to be at most column B."""

    map_metric = "column_pair_values.checks_at_most"


class ExpectFilesToBeSound(_ComparedWithLimit):
    """Expect the number of files of a table that are not sound (column A) to be at most column B."""

    map_metric = "column_pair_values.checks_at_most"


class ExpectSchemaToHold(_ComparedWithLimit):
    """Expect the number of changes of a table's schema that count (column A) to be at most column B."""

    map_metric = "column_pair_values.checks_at_most"


class ExpectEventsToBeRecent(_ComparedWithLimit):
    """Expect the newest value of a time column of each table (column A) to be at or after its watermark (column B).

    Both columns hold instants with a zone (``datetime64[ns, UTC]``).
    """

    map_metric = "column_pair_values.checks_at_least"
