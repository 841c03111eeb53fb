"""The ways in which the stack may be packaged, for lint and tests: osls makes each, and asks no account anything."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from infra.parameters import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
OSLS = ROOT / "infra" / "node_modules" / ".bin" / "osls"
REGION = "eu-west-1"
TEMPLATE = "cloudformation-template-update-stack.json"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Table",
            "Effect": "Allow",
            "Action": ["glue:GetTable"],
            "Resource": [
                f"arn:aws:glue:{REGION}:123456789012:catalog",
                f"arn:aws:glue:{REGION}:123456789012:database/sales",
                f"arn:aws:glue:{REGION}:123456789012:table/sales/orders",
            ],
        }
    ],
}
"""Stands for what `checks iam` prints."""
VARIANTS: Mapping[str, Mapping[str, str]] = {
    "least": {"TABLES": "s3://acme-raw/a/,sales.orders"},
    "full": {
        "CONFIG": "./here/checks.yml",
        "CONFIG_VARIABLES": "PARTNER_ID",
        "PARTNER_ID": "partner-7",
        "ALERT_EMAILS": "data@example.com, more@example.com",
        "OPERATIONS_EMAILS": "operations@example.com",
        "CRON_SCHEDULE": "rate(15 minutes)",
        "ARCH": "arm64",
        "MEMORY_SIZE": "3008",
        "TIMEOUT": "600",
        "RESERVED_CONCURRENCY": "2",
        "LOG_RETENTION_DAYS": "30",
        "REPORT_RETENTION_DAYS": "100",
        "METRICS_NAMESPACE": "Acme/Tables",
        "STAGE": "test",
    },
    "existing": {
        "CONFIG": "s3://acme-ops/checks.yml",
        "ALERT_EMAIL": "data@example.com",
        "TOPIC_ARN": f"arn:aws:sns:{REGION}:123456789012:team",
        "KMS_KEY_ARN": f"arn:aws:kms:{REGION}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "HISTORY": "s3://acme-ops/table-monitor/",
    },
    "weekly": {"TABLES": "sales.orders", "CRON_SCHEDULE": "cron(0 6 ? * MON *)"},
}
"""With the least and with everything; with a topic, a key and a bucket that are there; with what no alarm waits for."""


class NotPackaged(Exception):  # noqa: N818 - what osls said
    """osls refused what it was given."""


def package(given: Mapping[str, str], folder: Path, policy: Mapping[str, Any] | None = None) -> Path:
    """Package the stack into a folder, with nothing of this environment; return the template's path.

    Raises `NotPackaged`. The function's own package need not be there: an empty one stands for it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    permitted = folder / "policy.json"
    permitted.write_text(json.dumps(POLICY if policy is None else policy), encoding="utf-8")
    function = folder / "function.zip"
    with ZipFile(function, "w") as empty:
        empty.writestr("lambda_handler.py", "")
    environment = {
        name: value for name, value in os.environ.items() if name not in NAMES and not name.startswith("AWS_")
    }
    environment |= {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # where nobody listens
        "SLS_TELEMETRY_DISABLED": "1",
        "SLS_NOTIFICATIONS_MODE": "off",
        "CHECKS_PYTHON": sys.executable,
        "POLICY": str(permitted),
        "PACKAGE": str(function),
        **given,
    }
    with _alone():
        done = subprocess.run(  # noqa: S603 - pinned in package.json
            [OSLS, "package", "--package", folder],
            cwd=ROOT / "infra",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise NotPackaged(f"{done.stdout}\n{done.stderr}")
    return folder / TEMPLATE


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process packages: osls builds in `.serverless`, and empties it."""
    place = ROOT / "build" / "packaging.lock"
    place.parent.mkdir(exist_ok=True)
    with place.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # ends with the file, however this process ends
        yield
