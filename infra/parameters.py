"""What `make deploy` was given, read from the environment and held against what AWS takes, before anything is done.

The parameters themselves stand in serverless.yml, in one block; here is what can be wrong with them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from checks.schedule.runs import DEFAULT_CRON
from infra.schedule import Follows, follows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

DEFAULT_CONFIG = "checks.yml"
NAMES = (
    "CONFIG",
    "TABLES",
    "CONFIG_VARIABLES",
    "CRON_SCHEDULE",
    "ALERT_EMAILS",
    "ALERT_EMAIL",
    "OPERATIONS_EMAILS",
    "TOPIC_ARN",
    "KMS_KEY_ARN",
    "HISTORY",
    "POLICY",
    "ARCH",
    "PACKAGE",
    "MEMORY_SIZE",
    "TIMEOUT",
    "RESERVED_CONCURRENCY",
    "LOG_RETENTION_DAYS",
    "REPORT_RETENTION_DAYS",
    "METRICS_NAMESPACE",
    "STAGE",
)
"""The variables of serverless.yml's block."""
_NUMBERS = {
    "MEMORY_SIZE": (1024, 10240),
    "TIMEOUT": (60, 900),
    "RESERVED_CONCURRENCY": (1, 1000),
    "REPORT_RETENTION_DAYS": (1, 36500),
}
_LOG_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
"""What CloudWatch Logs takes (`PutRetentionPolicy`)."""
_EMAIL = re.compile(r"[^\s@,;<>\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key/[A-Za-z0-9-]+")
_FOLDER = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.*[^/].*")
_OBJECT = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.*[^/]")
_FILE_NAME = re.compile(r"[A-Za-z0-9._-]+")
_NAMESPACE = re.compile(r"(?!AWS/)[A-Za-z0-9._/#:-]{1,255}")
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,29}")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}")
_OF_THE_FUNCTION = ("CONFIG", "TABLES", "TOPIC_ARN", "HISTORY", "METRICS_NAMESPACE")
"""Variables that the stack gives to the function with values of its own."""


class Mistakes(Exception):  # noqa: N818 - sentences for the user
    """What is wrong with what was given, a sentence each."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = tuple(sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What is deployed. ``given`` are the variables that were set, by their names in serverless.yml.

    ``config`` is a local path or an ``s3://`` URI, empty where TABLES is checked; ``uploads`` is the local one.
    """

    given: Mapping[str, str]
    region: str
    config: str
    uploads: Path | None
    alert_emails: tuple[str, ...]
    operations_emails: tuple[str, ...]
    schedule: str
    follows: Follows

    @property
    def stage(self) -> str:
        """The deployment's name: ``prod`` unless there are several."""
        return self.given.get("STAGE", "prod")

    @property
    def stack(self) -> str:
        """The name of the CloudFormation stack."""
        return f"s3-table-monitor-{self.stage}"

    @property
    def function(self) -> str:
        """The name of the function."""
        return self.stack

    @property
    def architecture(self) -> str:
        """``x86_64`` or ``arm64``."""
        return self.given.get("ARCH", "x86_64")

    def topic_arn(self, account: str, partition: str = "aws") -> str:
        """Return the topic that is used, or that of the name that will be made."""
        suffix = "" if self.stage == "prod" else f"-{self.stage}"
        own = f"arn:{partition}:sns:{self.region}:{account}:S3TableMonitoringNotifications{suffix}"
        return self.given.get("TOPIC_ARN", own)


def listed(text: str) -> tuple[str, ...]:
    """Return the parts of a list with commas between, each once, without empty ones."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def read(environ: Mapping[str, str], region: str | None, folder: Path, now: datetime) -> Parameters:
    """Return what is to be deployed; ``folder`` is where a local config is looked for.

    An empty variable counts as not set. Raises `Mistakes` with all that is wrong.
    """
    given = {name: text for name in NAMES if (text := environ.get(name, "").strip())}
    mistakes: list[str] = []
    config = given.get("CONFIG", "")
    if not config and "TABLES" not in given and (folder / DEFAULT_CONFIG).is_file():
        config = DEFAULT_CONFIG
    if not config and "TABLES" not in given:
        mistakes.append(
            f"CONFIG: neither CONFIG nor TABLES is set, and there is no {DEFAULT_CONFIG} in {folder}; set CONFIG to a "
            "path or s3:// URI, or TABLES to such as s3://bucket/prefix/,sales.orders"
        )
    uploads = folder / config if config and not config.startswith("s3://") else None
    mistakes += _of_config(config, uploads)
    if region is None:
        mistakes.append("AWS_REGION: no region is set; set AWS_REGION, or a profile that has one")
    if "ALERT_EMAILS" in given and "ALERT_EMAIL" in given:
        mistakes.append("ALERT_EMAIL: is set beside ALERT_EMAILS; put all addresses into ALERT_EMAILS")
    alerts = listed(given.get("ALERT_EMAILS", given.get("ALERT_EMAIL", "")))
    operations = listed(given.get("OPERATIONS_EMAILS", "")) or alerts
    mistakes += _of_emails(given)
    mistakes += _of_names(given, region)
    mistakes += _of_numbers(given)
    schedule, following = given.get("CRON_SCHEDULE", DEFAULT_CRON), Follows(0, None)
    try:
        seconds = int(given.get("TIMEOUT", "900")) if given.get("TIMEOUT", "900").isdecimal() else 900
        following = follows(schedule, timedelta(seconds=seconds), now)
    except ValueError as error:
        mistakes.append(f"CRON_SCHEDULE: {error}")
    if mistakes or region is None:
        raise Mistakes(mistakes)
    if uploads is not None:
        passed = _variables(uploads.read_text(encoding="utf-8"), environ)
        given["CONFIG"] = str(uploads)
        if both := tuple(dict.fromkeys((*listed(given.get("CONFIG_VARIABLES", "")), *passed))):
            given["CONFIG_VARIABLES"] = ",".join(both)
    return Parameters(
        given=given,
        region=region,
        config=config,
        uploads=uploads,
        alert_emails=alerts,
        operations_emails=operations,
        schedule=schedule,
        follows=following,
    )


def _of_config(config: str, uploads: Path | None) -> Iterator[str]:
    if uploads is None:
        if config and not _OBJECT.fullmatch(config):
            yield f"CONFIG: {config!r} is not an object in S3; write s3://bucket/checks.yml, or a local path"
    elif not uploads.is_file():
        yield f"CONFIG: there is no file {uploads}"
    elif not _FILE_NAME.fullmatch(uploads.name):
        yield f"CONFIG: the file is uploaded under its name {uploads.name!r}; use letters, digits, dot, dash and _ only"


def _of_emails(given: Mapping[str, str]) -> Iterator[str]:
    for name in ("ALERT_EMAILS", "ALERT_EMAIL", "OPERATIONS_EMAILS"):
        for address in listed(given.get(name, "")):
            if not _EMAIL.fullmatch(address):
                yield f"{name}: {address!r} is not an e-mail address; write such as a@example.com,b@example.com"


def _of_names(given: Mapping[str, str], region: str | None) -> Iterator[str]:
    for name, pattern, wanted in (
        ("TOPIC_ARN", _TOPIC, "the ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>"),
        ("KMS_KEY_ARN", _KEY, "the ARN of a key, arn:aws:kms:<region>:<account>:key/<id>"),
        ("HISTORY", _FOLDER, "a folder in S3, s3://bucket/folder/"),
        ("METRICS_NAMESPACE", _NAMESPACE, "a namespace of CloudWatch, such as S3TableMonitor"),
        ("STAGE", _STAGE, "a name of lower-case letters, digits and dashes, such as prod"),
        ("ARCH", re.compile("x86_64|arm64"), "x86_64 or arm64"),
    ):
        text = given.get(name)
        found = pattern.fullmatch(text) if text is not None else None
        if text is not None and found is None:
            yield f"{name}: {text!r} is not {wanted}"
        elif found is not None and name in {"TOPIC_ARN", "KMS_KEY_ARN"} and region and found[1] != region:
            # A subscription is made, and a queue and a topic are encrypted, in the stack's own region only.
            yield f"{name}: {text} lies in {found[1]}, and the monitor is deployed to {region}; use one of {region}"


def _of_numbers(given: Mapping[str, str]) -> Iterator[str]:
    for name, (lowest, highest) in _NUMBERS.items():
        text = given.get(name)
        if text is not None and not (text.isdecimal() and lowest <= int(text) <= highest):
            yield f"{name}: {text!r} is not a whole number from {lowest} to {highest}"
    days = given.get("LOG_RETENTION_DAYS")
    if days is not None and not (days.isdecimal() and int(days) in _LOG_DAYS):
        yield f"LOG_RETENTION_DAYS: {days!r} is not one of {', '.join(map(str, _LOG_DAYS))}"


def _variables(text: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables that a config names and this environment has, without those that the function has anyway."""
    names = dict.fromkeys(_VARIABLE.findall(text))
    return tuple(
        name
        for name in names
        if name not in _OF_THE_FUNCTION and not name.startswith("AWS_") and environ.get(name, "").strip()
    )
