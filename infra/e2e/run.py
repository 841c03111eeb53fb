"""`make e2e`: the deployment, really deployed, to an account on this machine that enforces permissions.

It deploys by `make deploy`, lets the schedule fire, reads the report out of a queue that is subscribed to the topic,
breaks a bucket, gets only the news, updates the stack, removes it, and looks for what is left.

What the emulator cannot show is held by tests/infra/test_template.py over the packaged template: it enforces no rights
on KMS keys, ignores TreatMissingData and dimensions of alarms, takes no condition on `cloudwatch:namespace` (see
patched_osls.py), sends no mail, and has no limit on a package's size.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra.e2e import lake
from infra.e2e.emulator import ACCOUNT, REGION, ROOT, Emulator, running
from infra.package.failures import NotBuilt

if TYPE_CHECKING:
    from pathlib import Path

STACK = "s3-table-monitor-prod"
EMAIL = "data-team@example.com"
FOLDER = ROOT / "build" / "e2e"
_A_RUN_WITHIN_S = 240
"""A minute until the schedule fires, and what a cold start may take on a very busy machine."""


class Unexpected(Exception):  # noqa: N818 - a sentence for the developer
    """What came was not what should have come."""


@dataclass(slots=True)
class Story:
    """What happens, one step after the other, and how long each took."""

    emulator: Emulator
    folder: Path
    queue: str = ""
    history: str = ""
    started: float = field(default_factory=time.monotonic)

    def say(self, sentence: str) -> None:
        print(f"e2e: {time.monotonic() - self.started:6.1f} s  {sentence}", flush=True)

    def all(self) -> None:
        """Tell it from the first deployment to the last removal."""
        lake.put(self.emulator.client("s3"), self.emulator.client("glue"), _now())
        self.say("the lake is there")
        self.deploy()
        self.first_report()
        self.only_the_news()
        self.update()
        self.remove()

    def make(self, target: str, **variables: str) -> str:
        """Run a target of the Makefile as a user would, with the emulator as AWS; return what it printed."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {**self.emulator.environment, "OSLS": str(self.folder / "osls"), **variables}
        done = subprocess.run(  # noqa: S603 - the project's own target
            ["make", "--no-print-directory", target],  # noqa: S607 - the make that runs this
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Unexpected(f"make {target} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def deploy(self) -> None:
        (self.folder / "checks.yml").write_text(lake.config(_now()), encoding="utf-8")
        told = self.make(
            "deploy",
            CONFIG=str(self.folder / "checks.yml"),
            ALERT_EMAILS=EMAIL,
            CRON_SCHEDULE="rate(1 minute)",
        )
        _expect(f"{STACK}, rate(1 minute)" in told, f"the summary names the schedule: {told}")
        outputs = self.outputs()
        self.history = outputs["History"]
        self.queue = self.subscribed(outputs["TopicArn"])
        emails = self.emails(outputs["TopicArn"]) + self.emails(outputs["OperationsTopicArn"])
        _expect(emails == [EMAIL, EMAIL], f"both topics are subscribed by {EMAIL}: {emails}")
        self.say("deployed by make deploy")

    def outputs(self) -> dict[str, str]:
        (stack,) = self.emulator.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def emails(self, topic: str) -> list[str]:
        found = self.emulator.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        return [each["Endpoint"] for each in found if each["Protocol"] == "email"]

    def subscribed(self, topic: str) -> str:
        """Return the URL of a queue that gets what is sent to the topic."""
        sqs = self.emulator.client("sqs")
        url = str(sqs.create_queue(QueueName="e2e-reports")["QueueUrl"])
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:e2e-reports"
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        self.emulator.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return url

    def report(self) -> tuple[str, dict[str, Any]]:
        """Return the subject and the JSON of the next report; waits for it."""
        sqs = self.emulator.client("sqs")
        until = time.monotonic() + _A_RUN_WITHIN_S
        while time.monotonic() < until:
            answer = sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=1, MaxNumberOfMessages=1)
            for message in answer.get("Messages", []):
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                envelope = json.loads(message["Body"])
                return str(envelope["Subject"]), json.loads(envelope["Message"])
        raise Unexpected(f"no report came within {_A_RUN_WITHIN_S} s; {self.log()}")

    def log(self) -> str:
        """Return what the function said, for a failure."""
        logs, group = self.emulator.client("logs"), f"/aws/lambda/{STACK}"
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        events = [
            event["message"].rstrip()
            for stream in streams
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])[
                "events"
            ]
        ]
        return f"the function's log: {events[-50:]}"

    def first_report(self) -> None:
        subject, report = self.report()
        summary = report["summary"]
        _expect(
            summary == {"tables": 5, "fresh": 4, "warning": 0, "critical": 1, "unknown": 0},
            f"of five tables one is stale: {summary}; {report['findings']}",
        )
        _expect(report["whole"] is True, "the first report of a day is the whole one")
        failing = {each["table"] for each in report["findings"] if each["status"] != "pass"}
        _expect(failing == {lake.STALE}, f"{lake.STALE} fails: {failing}")
        checked = {(each["table"], each["check"]) for each in report["findings"]}
        _expect(("sales.payments", "events") in checked, f"the column of times was read: {checked}")
        _expect(subject.startswith("[S3 tables] 1 new, 4 fresh - e2e,"), f"the subject: {subject}")
        self.say(f"the schedule fired, and the report came: {subject}")
        self.heartbeat()

    def heartbeat(self) -> None:
        """Expect the metrics of the run, by the function's name; they come after the report."""
        cloudwatch = self.emulator.client("cloudwatch")
        wanted = {"Heartbeat", "Tables", "Unknown", "AllUnknown"}
        named: set[str] = set()
        until = time.monotonic() + 20
        while named != wanted and time.monotonic() < until:
            time.sleep(0.5)
            found = cloudwatch.list_metrics(Namespace="S3TableMonitor")["Metrics"]
            named = {
                each["MetricName"]
                for each in found
                if each["Dimensions"] == [{"Name": "Monitor", "Value": STACK}]
            }
        _expect(named == wanted, f"the metrics of the run: {named}; {self.log()}")
        self.say("its heartbeat is in CloudWatch")

    def only_the_news(self) -> None:
        lake.break_a_bucket(self.emulator.client("s3"))
        subject, report = self.report()
        new = {each["table"] for each in report["changes"] if each["reason"] != "ongoing"}
        _expect(new == {lake.BREAKS}, f"only {lake.BREAKS} is news: {report['changes']}")
        _expect(report["whole"] is False, "only what is new is told")
        _expect("1 unknown" in subject, f"the subject counts what could not be checked: {subject}")
        self.say(f"a bucket broke, and only the news came: {subject}")

    def update(self) -> None:
        """Deploy again, with another schedule and a table less, over what is there."""
        text = lake.config(_now()).replace(f"  - prefix: {lake.BREAKS}\n", "")
        (self.folder / "checks.yml").write_text(text, encoding="utf-8")
        told = self.make(
            "deploy",
            CONFIG=str(self.folder / "checks.yml"),
            ALERT_EMAILS=f"{EMAIL},second@example.com",
            CRON_SCHEDULE="cron(0 6 ? * MON *)",
        )
        _expect("an alarm looks back 7 days at most" in told, f"a weekly schedule is told of: {told}")
        outputs = self.outputs()
        _expect(
            outputs["History"] == self.history, f"the history stays: {outputs['History']}, {self.history}"
        )
        emails = self.emails(outputs["TopicArn"])
        _expect(
            sorted(emails) == [EMAIL, "second@example.com"], f"the second address is subscribed: {emails}"
        )
        (rule,) = self.emulator.client("events").list_rules()["Rules"]
        _expect(rule["ScheduleExpression"] == "cron(0 6 ? * MON *)", f"the schedule is the new one: {rule}")
        alarms = self.emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
        silent = [each["AlarmName"] for each in alarms if each["MetricName"] == "Heartbeat"]
        _expect(not silent, f"no alarm waits for a weekly heartbeat: {silent}")
        answer = self.emulator.client("lambda").invoke(FunctionName=STACK, Payload=b"{}")
        brief = json.loads(answer["Payload"].read())
        _expect(brief.get("tables") == 4, f"the function has the new config: {brief}")
        self.say("updated, and run by hand with the new config")
        bucket, _, prefix = self.history.removeprefix("s3://").partition("/")
        config = {"Bucket": bucket, "Key": f"{prefix}config/checks.yml"}
        s3 = self.emulator.client("s3")
        good = s3.get_object(**config)["Body"].read()
        s3.put_object(**config, Body=b"version: 1\ntables: soon\n")
        answer = self.emulator.client("lambda").invoke(FunctionName=STACK, Payload=b"{}")
        brief = json.loads(answer["Payload"].read())
        _expect(brief.get("tables") == 4, f"a broken config leaves the last good one working: {brief}")
        s3.put_object(**config, Body=good)
        self.say("went by the last good config while the one in S3 was broken")

    def remove(self) -> None:
        told = self.make("remove")
        _expect(f"Kept on purpose: {self.history}" in told, f"what is kept is told: {told}")
        left = {kind: names for kind, names in self.left().items() if names}
        bucket = self.history.removeprefix("s3://").partition("/")[0]
        _expect(left == {"buckets": [bucket]}, f"only the history's bucket is left: {left}")
        s3 = self.emulator.client("s3")
        keys = {each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}
        _expect(
            {"table-monitor/states/e2e.json", "table-monitor/config/checks.yml"} <= keys,
            f"what it holds: {keys}",
        )
        policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
        _expect("aws:SecureTransport" in policy, f"it still takes TLS only: {policy}")
        self.say("removed; the history is kept, and nothing else is left")

    def left(self) -> dict[str, list[str]]:
        """Return what there is in the account beside the lake and the queue that was made here."""
        client = self.emulator.client
        stacks = client("cloudformation").list_stacks()["StackSummaries"]
        keys = [each["KeyId"] for each in client("kms").list_keys()["Keys"]]
        described = [client("kms").describe_key(KeyId=key)["KeyMetadata"] for key in keys]
        queues = client("sqs").list_queues().get("QueueUrls", [])
        return {
            "stacks": [each["StackName"] for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"],
            "functions": [each["FunctionName"] for each in client("lambda").list_functions()["Functions"]],
            "topics": [each["TopicArn"] for each in client("sns").list_topics()["Topics"]],
            "subscriptions": [
                each["Endpoint"] for each in client("sns").list_subscriptions()["Subscriptions"]
            ],
            "queues": [url for url in queues if url != self.queue],
            "rules": [each["Name"] for each in client("events").list_rules()["Rules"]],
            "alarms": [each["AlarmName"] for each in client("cloudwatch").describe_alarms()["MetricAlarms"]],
            "roles": [each["RoleName"] for each in client("iam").list_roles()["Roles"]],
            "policies": [
                each["PolicyName"] for each in client("iam").list_policies(Scope="Local")["Policies"]
            ],
            "logs": [each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]],
            "keys": [each["KeyId"] for each in described if each["KeyState"] != "PendingDeletion"],
            "aliases": [
                each["AliasName"]
                for each in client("kms").list_aliases()["Aliases"]
                if not each["AliasName"].startswith("alias/aws/")
            ],
            "buckets": [
                each["Name"] for each in client("s3").list_buckets()["Buckets"] if each["Name"] != lake.LAKE
            ],
        }


def _expect(holds: bool, sentence: str) -> None:  # noqa: FBT001 - what is expected, and what was seen
    if not holds:
        raise Unexpected(f"expected that {sentence}")


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the emulator goes by the machine's clock


def _osls(folder: Path) -> None:
    """Write the command that stands in for osls, which patches what the emulator cannot take."""
    command = folder / "osls"
    patched = ROOT / "infra" / "e2e" / "patched_osls.py"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{patched}" "$@"\n', encoding="utf-8")
    command.chmod(0o755)


def main() -> int:
    """Tell the story in a folder of its own; return 0 when all was as expected, 1 when not."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(FOLDER / "tmp", ignore_errors=True)
    _osls(FOLDER)
    begun = time.monotonic()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit("e2e: ended from outside")
    )  # so that the emulator ends, too
    try:
        with running(FOLDER) as emulator:
            Story(emulator, FOLDER).all()
    except NotBuilt as missing:
        if os.environ.get("CI") == "true":
            print(f"e2e: {missing}", file=sys.stderr)
            return 1
        print(f"e2e: skipped, {missing}")
        return 0
    except Unexpected as unexpected:
        print(f"e2e: {unexpected}", file=sys.stderr)
        return 1
    print(f"e2e: all as expected, in {timedelta(seconds=round(time.monotonic() - begun))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
