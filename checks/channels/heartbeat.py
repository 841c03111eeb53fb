"""The sign of life: a metric after each run that did its work, whose absence is an alarm, and the counts of tables.

Put by `PutMetricData` (CloudWatch API reference) into the namespace that METRICS_NAMESPACE names, by the function's
name. Nothing is put where METRICS_NAMESPACE is not set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.aws import refusals
from checks.aws.clients import own_region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.model import Summary

IAM_ACTIONS = ("cloudwatch:PutMetricData",)
"""What the role needs for it."""
_DIMENSION = "Monitor"
_TIMEOUT_S = 5
_TRIES = 2


def metrics_of(summary: Summary) -> dict[str, int]:
    """Return the values of a run: the heartbeat, the tables, those that are unknown, and whether all of them are."""
    return {
        "Heartbeat": 1,
        "Tables": summary.tables,
        "Unknown": summary.unknown,
        "AllUnknown": int(0 < summary.tables == summary.unknown),
    }


def beat(summary: Summary, environ: Mapping[str, str], client: Any = None) -> None:
    """Put the metrics of a run into METRICS_NAMESPACE; what prevents it is told in the log.

    It takes at most some 20 seconds, and never raises for what AWS answers: the report is delivered by then.
    """
    namespace = environ.get("METRICS_NAMESPACE", "").strip()
    if not namespace:
        return
    monitor = environ.get("AWS_LAMBDA_FUNCTION_NAME", "").strip() or "monitor"
    data = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": _DIMENSION, "Value": monitor}],
            "Value": value,
            "Unit": "Count",
        }
        for name, value in metrics_of(summary).items()
    ]
    _, error = refusals.attempt(
        lambda: (client or _client()).put_metric_data(Namespace=namespace, MetricData=data)
    )
    if error is not None:
        told = refusals.sentence(
            error, f"the metrics of {namespace}", IAM_ACTIONS[0], "correct METRICS_NAMESPACE"
        )
        print(f"No heartbeat was put, so its alarm may ring. {told}")  # noqa: T201 - the Lambda's log


def _client() -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_TIMEOUT_S,
        read_timeout=_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
    )
    return boto3.client("cloudwatch", region_name=own_region(), config=config)
