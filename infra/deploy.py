"""`make deploy` and `make remove`: look at what was given, build, deploy, upload, and say what is left to do.

osls makes the CloudFormation stack out of serverless.yml. Nothing is done before everything that can be wrong with the
parameters, the schedule and the config was looked at.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from checks.schedule.clock import say_instant
from checks.schedule.durations import say_duration
from checks.schedule.runs import parse
from infra.parameters import NAMES, Mistakes, Parameters, listed, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
USAGE, FAILED = 2, 1
UNREAD = 3
"""What `checks iam` answers when it printed a policy, and could not find out all that is needed; it says what."""
_NO_ACCOUNT = "000000000000"
_OWN = {
    "SLS_TELEMETRY_DISABLED": "1",
    "SLS_NOTIFICATIONS_MODE": "off",
    "CHECKS_PYTHON": sys.executable,
}
"""osls and settings.js: no calls home, and this Python."""


class Failed(Exception):  # noqa: N818 - a sentence for the user
    """A step did not succeed; says which, and what it means."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account it is: its number, partition, and who asks."""

    number: str
    partition: str
    caller: str


def main(argv: Sequence[str] | None = None) -> int:
    """Deploy or remove; return 0 when done, 2 for what was given wrong, 1 when a step failed."""
    parser = argparse.ArgumentParser(prog="make", description=__doc__)
    parser.add_argument("what", choices=("deploy", "remove"))
    what = parser.parse_args(argv).what
    now = datetime.now(UTC)  # noqa: TID251 - the edge: the one reading of the clock
    try:
        deploy(os.environ, now) if what == "deploy" else remove(os.environ, now)
    except Mistakes as mistakes:
        print("\n".join(mistakes.sentences), file=sys.stderr)
        print(f"Nothing was {'deployed' if what == 'deploy' else 'removed'}.", file=sys.stderr)
        return USAGE
    except Failed as failed:
        print(failed, file=sys.stderr)
        return FAILED
    return 0


def deploy(environ: Mapping[str, str], now: datetime) -> None:
    """Deploy what the environment asks for; raises `Mistakes` before anything is done, `Failed` for a step."""
    parameters = read(environ, _region(), Path.cwd(), now)
    _checks(parameters, environ, parameters.topic_arn(_NO_ACCOUNT), "validate")
    account = _account()
    print(f"{parameters.stack}: account {account.number}, region {parameters.region}, as {account.caller}")
    if parameters.follows.note:
        print(f"Note: {parameters.follows.note}")
    _step(
        ["make", "--no-print-directory", "package", f"ARCH={parameters.architecture}"], environ, "the package"
    )
    topic = parameters.topic_arn(account.number, account.partition)
    policy = _checks(parameters, environ, topic, "iam")
    BUILD.mkdir(exist_ok=True)
    (BUILD / "policy.json").write_text(policy, encoding="utf-8")
    print(
        f"What the config needs, beside what the stack itself holds (build/policy.json):\n{policy.rstrip()}"
    )
    own = _for_osls(parameters, environ)
    _osls(["package", "--package", str(BUILD / "deployment")], own)
    _osls(["deploy", "--package", str(BUILD / "deployment")], own)
    outputs = _outputs(parameters)
    uploaded = _upload(parameters, outputs["History"], account) if parameters.uploads is not None else ""
    print(told(parameters, outputs, uploaded, _waiting(outputs), now))


def remove(environ: Mapping[str, str], now: datetime) -> None:
    """Remove the stack, and say what was kept on purpose; raises `Failed` when there is none."""
    # What was deployed does not matter for removing it, but serverless.yml is read all the same.
    kept = {name: value for name, value in environ.items() if name not in NAMES or name == "STAGE"}
    parameters = read({**kept, "TABLES": "none.none"}, _region(), Path.cwd(), now)
    outputs = _outputs(parameters)
    own_history = _makes_history(parameters)
    BUILD.mkdir(exist_ok=True)
    nothing = BUILD / "no-policy.json"
    nothing.write_text('{"Version": "2012-10-17", "Statement": []}', encoding="utf-8")
    _osls(["remove"], {**_for_osls(parameters, kept), "POLICY": str(nothing)})
    print(
        f"Removed: the stack {parameters.stack} in {parameters.region}; a key of its own is deleted in 7 days."
    )
    history = outputs.get("History", "")
    if own_history:
        print(
            f"Kept on purpose: {history} and its bucket, with what the monitor remembers and the config. To go on with "
            f"it, deploy with HISTORY={history}; else empty the bucket and delete it."
        )
    elif history:
        print(f"Not touched, as it was there before: {history}")


def told(
    parameters: Parameters, outputs: Mapping[str, str], uploaded: str, waiting: Sequence[str], now: datetime
) -> str:
    """Return what was done, and what is left to do, in lines."""
    following = parse(parameters.schedule).next(now)
    at = f", next {say_instant(following, ZoneInfo('UTC'))}" if following is not None else ""
    checked = uploaded or parameters.config or f"tables {parameters.given.get('TABLES', '')}"
    beat = parameters.follows.heartbeat
    lines = [
        "Deployed:",
        f"  function  {outputs['FunctionName']}, {parameters.schedule}{at}",
        f"  checks    {checked}",
        f"  reports   {outputs['TopicArn']}",
        f"  alarms    {outputs['OperationsTopicArn']}",
        f"  silence   {f'an alarm after {say_duration(beat.silence)}' if beat else parameters.follows.note}",
        f"  history   {outputs['History']}",
    ]
    todo = []
    if waiting:
        todo.append(
            f"Follow the links in the mails that AWS sent to {', '.join(waiting)}: without it nothing is mailed there."
        )
    if not parameters.alert_emails:
        todo.append(f"Subscribe somebody to {outputs['TopicArn']}, or deploy with ALERT_EMAILS.")
    if not parameters.operations_emails:
        todo.append(f"Subscribe somebody to {outputs['OperationsTopicArn']}: alarms ring into nothing.")
    rings = ", until which the alarm on silence of a new stack rings" if beat else ""
    todo.append(
        f"For a first run now{rings}: aws lambda invoke --region {parameters.region} "
        f"--function-name {outputs['FunctionName']} --cli-read-timeout 910 "
        "--cli-binary-format raw-in-base64-out --payload '{}' /dev/stdout"
    )
    return "\n".join([*lines, "Left to do:", *(f"  - {one}" for one in todo)])


def _region() -> str | None:
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        return os.environ.get("AWS_REGION") or boto3.Session().region_name
    except BotoCoreError as error:
        raise Mistakes([f"AWS_PROFILE: {error}"]) from error


def _account() -> Account:
    """Return whose account it is; raises `Mistakes` when the credentials do not do."""
    try:
        answer = _asked("sts", "get_caller_identity", "who is asking")
    except Failed as failed:
        raise Mistakes([f"{failed}; set AWS_PROFILE, or renew the credentials"]) from failed
    arn = str(answer["Arn"])
    return Account(str(answer["Account"]), arn.split(":")[1], arn)


def _asked(service: str, operation: str, what: str, **request: Any) -> dict[str, Any]:
    """Ask AWS; raises `Failed` with what it said."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client: Any = boto3.Session(region_name=_region()).client(service)  # type: ignore[call-overload]
    try:
        answer: dict[str, Any] = getattr(client, operation)(**request)
    except (BotoCoreError, ClientError) as error:
        raise Failed(f"AWS did not tell {what}: {error}") from error
    return answer


def _checks(parameters: Parameters, environ: Mapping[str, str], topic: str, command: str) -> str:
    """Run `checks validate` or `checks iam` over what will be checked, and return what it printed."""
    own = {name: value for name, value in environ.items() if name not in {"CONFIG", "TABLES"}}
    own |= {name: parameters.given[name] for name in ("TABLES", "HISTORY") if name in parameters.given}
    own |= {"TOPIC_ARN": topic, "AWS_REGION": parameters.region}
    chosen = ["--config", str(parameters.uploads or parameters.config)] if parameters.config else []
    done = subprocess.run(  # noqa: S603 - the project's own command
        [str(Path(sys.executable).with_name("checks")), command, *chosen],
        env=own,
        cwd=ROOT / "infra",  # where no checks.yml lies that would stand before TABLES
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in {0, UNREAD}:
        # Of a topic that is yet to be made nothing is known; the stack itself allows what it needs.
        made = () if "TOPIC_ARN" in parameters.given else (topic,)
        sys.stderr.writelines(
            line for line in done.stderr.splitlines(keepends=True) if not any(each in line for each in made)
        )
    if done.returncode not in {0, UNREAD} or not done.stdout:
        raise Mistakes([(done.stderr or done.stdout).rstrip()])
    return done.stdout


def _for_osls(parameters: Parameters, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of osls: what was given, with what is empty left out, and no certificates of others."""
    # osls takes NODE_EXTRA_CA_CERTS; with SSL_CERT_FILE it trusts that file alone.
    own = {name: value for name, value in environ.items() if name not in NAMES and name != "SSL_CERT_FILE"}
    return {**own, **parameters.given, **_OWN, "AWS_REGION": parameters.region}


def _osls(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    command = environ.get("OSLS") or str(ROOT / "infra" / "node_modules" / ".bin" / "osls")
    stage = environ.get("STAGE", "prod")
    _step([command, *arguments, "--stage", stage], environ, f"osls {arguments[0]}", ROOT / "infra")


def _step(command: Sequence[str], environ: Mapping[str, str], what: str, folder: Path = ROOT) -> None:
    code = subprocess.run(command, env=dict(environ), cwd=folder, check=False).returncode  # noqa: S603 - our own tools
    if code:
        raise Failed(
            f"{what} failed with exit code {code}; what it said stands above, and nothing after it was done"
        )


def _outputs(parameters: Parameters) -> dict[str, str]:
    answer = _asked(
        "cloudformation", "describe_stacks", f"of the stack {parameters.stack}", StackName=parameters.stack
    )
    return {
        str(each["OutputKey"]): str(each["OutputValue"]) for each in answer["Stacks"][0].get("Outputs", [])
    }


def _makes_history(parameters: Parameters) -> bool:
    answer = _asked(
        "cloudformation",
        "describe_stack_resources",
        f"of the stack {parameters.stack}",
        StackName=parameters.stack,
    )
    return any(each["LogicalResourceId"] == "MonitorHistory" for each in answer["StackResources"])


def _upload(parameters: Parameters, history: str, account: Account) -> str:
    """Put the local config below the history, and return where."""
    if parameters.uploads is None:
        return ""
    bucket, _, prefix = history.removeprefix("s3://").partition("/")
    key = f"{prefix.rstrip('/')}/config/{parameters.uploads.name}".lstrip("/")
    _asked(
        "s3",
        "put_object",
        f"that the config is in s3://{bucket}/{key}",
        Bucket=bucket,
        Key=key,
        Body=parameters.uploads.read_bytes(),
        ExpectedBucketOwner=account.number,
    )
    return f"s3://{bucket}/{key}, from {parameters.uploads}"


def _waiting(outputs: Mapping[str, str]) -> list[str]:
    """Return the addresses whose subscription is not confirmed."""
    found: list[str] = []
    for topic in (outputs["TopicArn"], outputs["OperationsTopicArn"]):
        answer = _asked("sns", "list_subscriptions_by_topic", f"who is subscribed to {topic}", TopicArn=topic)
        found += [
            str(each["Endpoint"])
            for each in answer["Subscriptions"]
            if each["Protocol"] == "email" and not str(each["SubscriptionArn"]).startswith("arn:")
        ]
    return list(listed(",".join(found)))


if __name__ == "__main__":
    sys.exit(main())
