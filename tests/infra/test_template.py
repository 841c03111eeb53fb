"""What CloudFormation gets, in each variant of the deployment: osls packages, and nobody is asked anything.

Here is also what no emulator shows: what the key's policy lets services do, what an alarm makes of missing data, the
condition on the namespace of the metrics, and who is mailed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from checks.channels import heartbeat
from infra.variants import OSLS, POLICY, ROOT, VARIANTS, NotPackaged, package

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("osls")]
LAMBDA, TOPIC = "MonitorLambdaFunction", "S3TableMonitoringNotifications"
OWN = {"Fn::GetAtt": ["MonitorKey", "Arn"]}
ALARMS = {
    "MonitorErrorsAlarm": ("AWS/Lambda", "Errors", "Sum", 1, "GreaterThanOrEqualToThreshold"),
    "MonitorThrottlesAlarm": ("AWS/Lambda", "Throttles", "Sum", 1, "GreaterThanOrEqualToThreshold"),
    "MonitorDurationAlarm": ("AWS/Lambda", "Duration", "Maximum", 720_000, "GreaterThanThreshold"),
    "MonitorFailedRunsAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "Maximum",
        1,
        "GreaterThanOrEqualToThreshold",
    ),
    "MonitorAllUnknownAlarm": ("S3TableMonitor", "AllUnknown", "Maximum", 1, "GreaterThanOrEqualToThreshold"),
}


@pytest.fixture(scope="session")
def osls() -> None:
    """The packager, installed where npm is; skips where it is not, except in CI, where it must be there."""
    if OSLS.exists():
        return
    if shutil.which("npm") is None:
        reason = "npm is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    subprocess.run(["make", "infra/node_modules/.installed"], cwd=ROOT, check=True, capture_output=True)


Stack = dict[str, Any]


@pytest.fixture(scope="session")
def stack(osls: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Stack]:
    """Return the template of a variant, packaged once."""
    made: dict[str, Stack] = {}

    def of(name: str) -> Stack:
        if name not in made:
            path = package(VARIANTS[name], tmp_path_factory.mktemp(name))
            made[name] = json.loads(path.read_text(encoding="utf-8"))
        return made[name]

    return of


def properties(template: Stack, name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def of_kind(template: Stack, kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in template["Resources"].items() if each["Type"] == kind}


def statements(template: Stack) -> dict[str, dict[str, Any]]:
    """What the role's own policy allows, by the statement's name."""
    (own,) = properties(template, "MonitorRole")["Policies"]
    return {each["Sid"]: each for each in own["PolicyDocument"]["Statement"]}


def policy_of(template: Stack, name: str) -> dict[str, dict[str, Any]]:
    found = properties(template, name)
    return {each["Sid"]: each for each in (found.get("PolicyDocument") or found["KeyPolicy"])["Statement"]}


def test_the_function_is_what_the_package_and_a_run_need(stack: Callable[[str], Stack]) -> None:
    function = properties(stack("least"), LAMBDA)
    assert (function["Runtime"], function["Handler"]) == ("python3.13", "lambda_handler.lambda_handler")
    assert (function["Timeout"], function["MemorySize"]) == (900, 2048)
    assert function["EphemeralStorage"] == {"Size": 1024}
    assert function["Architectures"] == ["x86_64"]
    assert "ReservedConcurrentExecutions" not in function
    assert function["Environment"]["Variables"] == {
        "TABLES": "s3://acme-raw/a/,sales.orders",
        "TOPIC_ARN": {"Ref": TOPIC},
        "HISTORY": {"Fn::Sub": "s3://${MonitorHistory}/table-monitor/"},
        "METRICS_NAMESPACE": "S3TableMonitor",
        "GX_ANALYTICS_ENABLED": "false",
    }


def test_all_that_can_be_set_is(stack: Callable[[str], Stack]) -> None:
    template = stack("full")
    function = properties(template, LAMBDA)
    assert function["FunctionName"] == "s3-table-monitor-test"
    assert function["Architectures"] == ["arm64"]
    assert (function["Timeout"], function["MemorySize"]) == (600, 3008)
    assert function["ReservedConcurrentExecutions"] == 2
    variables = function["Environment"]["Variables"]
    assert variables["CONFIG"] == {"Fn::Sub": "s3://${MonitorHistory}/table-monitor/config/checks.yml"}
    assert variables["PARTNER_ID"] == "partner-7"
    assert variables["METRICS_NAMESPACE"] == "Acme/Tables"
    assert properties(template, "MonitorLogGroup")["RetentionInDays"] == 30
    assert properties(template, "MonitorDurationAlarm")["Threshold"] == 480_000
    assert properties(template, "MonitorAllUnknownAlarm")["Namespace"] == "Acme/Tables"
    assert properties(template, "MonitorSchedule")["ScheduleExpression"] == "rate(15 minutes)"
    assert properties(template, TOPIC)["TopicName"] == "S3TableMonitoringNotifications-test"
    assert properties(template, "MonitorKeyAlias")["AliasName"] == "alias/s3-table-monitor-test"
    rules = properties(template, "MonitorHistory")["LifecycleConfiguration"]["Rules"]
    assert rules[0]["ExpirationInDays"] == 100


def test_a_run_is_tried_again_and_what_failed_for_good_is_kept(stack: Callable[[str], Stack]) -> None:
    template = stack("least")
    queue = {"Fn::GetAtt": ["MonitorFailures", "Arn"]}
    invoke = properties(template, "MonitorLambdaEvConf")
    assert invoke["MaximumRetryAttempts"] == 2
    assert invoke["MaximumEventAgeInSeconds"] == 21_600
    assert invoke["DestinationConfig"] == {"OnFailure": {"Destination": queue}}
    (target,) = properties(template, "MonitorSchedule")["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": queue}
    assert "Input" not in target  # the event is passed as it is: its time and id are the run's
    assert "InputTransformer" not in target
    assert properties(template, "MonitorFailures")["MessageRetentionPeriod"] == 1_209_600
    assert policy_of(template, "MonitorFailuresPolicy")["EventsThatWereNotHandedOver"]["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["MonitorSchedule", "Arn"]}}
    }
    # Every quarter of an hour: an event is not kept for six hours, but for as long as its tries take.
    assert properties(stack("full"), "MonitorLambdaEvConf")["MaximumEventAgeInSeconds"] == 3 * 600 + 180


def test_the_role_may_do_what_the_stack_needs_by_name(stack: Callable[[str], Stack]) -> None:
    own = statements(stack("least"))
    assert {name: each["Action"] for name, each in own.items()} == {
        "Log": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "FailedRuns": ["sqs:SendMessage"],
        "Heartbeat": list(heartbeat.IAM_ACTIONS),
        "Key": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Report": ["sns:Publish", "sns:ListSubscriptionsByTopic"],
        "History": ["s3:GetObject", "s3:PutObject"],
        "HistoryAbsent": ["s3:ListBucket"],
    }
    assert own["Log"]["Resource"] == [{"Fn::GetAtt": ["MonitorLogGroup", "Arn"]}]
    assert own["FailedRuns"]["Resource"] == [{"Fn::GetAtt": ["MonitorFailures", "Arn"]}]
    assert own["Key"]["Resource"] == [OWN]
    assert own["Report"]["Resource"] == [{"Ref": TOPIC}]
    assert own["History"]["Resource"] == [{"Fn::Sub": "${MonitorHistory.Arn}/table-monitor/*"}]
    assert own["HistoryAbsent"]["Resource"] == [{"Fn::GetAtt": ["MonitorHistory", "Arn"]}]
    # PutMetricData knows no resources: the condition is what narrows it.
    anywhere = {name for name, each in own.items() if "*" in each["Resource"]}
    assert anywhere == {"Heartbeat"}


@pytest.mark.parametrize("name", VARIANTS)
def test_metrics_are_put_into_the_functions_namespace_only(name: str, stack: Callable[[str], Stack]) -> None:
    template = stack(name)
    namespace = properties(template, LAMBDA)["Environment"]["Variables"]["METRICS_NAMESPACE"]
    condition = statements(template)["Heartbeat"]["Condition"]
    assert condition == {"StringEquals": {"cloudwatch:namespace": namespace}}


@pytest.mark.parametrize("name", VARIANTS)
def test_what_the_config_needs_is_a_policy_of_its_own(name: str, stack: Callable[[str], Stack]) -> None:
    template = stack(name)
    assert properties(template, "MonitorConfigPolicy")["PolicyDocument"] == POLICY
    assert properties(template, "MonitorRole")["ManagedPolicyArns"] == [{"Ref": "MonitorConfigPolicy"}]
    assert list(of_kind(template, "AWS::IAM::Role")) == ["MonitorRole"]
    assert "GetTopicAttributes" not in json.dumps(template)


def test_the_teams_topic_takes_tls_only_and_its_key_lets_services_use_it(
    stack: Callable[[str], Stack],
) -> None:
    template = stack("least")
    topic = properties(template, TOPIC)
    assert (topic["TopicName"], topic["KmsMasterKeyId"]) == (TOPIC, OWN)
    tls = {"Bool": {"aws:SecureTransport": "false"}}
    denied = policy_of(template, f"{TOPIC}Policy")["TlsOnly"]
    assert (denied["Effect"], denied["Principal"], denied["Action"], denied["Condition"]) == (
        "Deny",
        "*",
        "sns:Publish",
        tls,
    )
    key = policy_of(template, "MonitorKey")
    assert key["AlarmsToTheTopic"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert key["AlarmsToTheTopic"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    assert key["EventsToTheQueue"]["Principal"] == {"Service": "events.amazonaws.com"}
    # EventBridge's requests to KMS have no source to hold a condition against: with one, nothing would arrive.
    assert "Condition" not in key["EventsToTheQueue"]
    for name in ("AlarmsToTheTopic", "EventsToTheQueue"):
        assert key[name]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert properties(template, "MonitorKey")["EnableKeyRotation"] is True
    for name in ("MonitorOperations", "MonitorFailures"):
        assert properties(template, name)["KmsMasterKeyId"] == OWN
        assert policy_of(template, f"{name}Policy")["TlsOnly"]["Condition"] == tls


def test_alarms_may_be_published_to_the_operations_topic(stack: Callable[[str], Stack]) -> None:
    alarms = policy_of(stack("least"), "MonitorOperationsPolicy")["Alarms"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Action"] == "sns:Publish"
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_history_is_private_encrypted_versioned_and_outlives_the_stack(
    stack: Callable[[str], Stack],
) -> None:
    template = stack("least")
    bucket = template["Resources"]["MonitorHistory"]
    # A bucket of a first deployment that failed holds nothing, and would be in the way of the next.
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    made = bucket["Properties"]
    assert set(made["PublicAccessBlockConfiguration"].values()) == {True}
    assert made["VersioningConfiguration"] == {"Status": "Enabled"}
    assert made["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    # Not with the stack's key, which goes with the stack.
    (encryption,) = made["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    expiring = [each for each in made["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in each]
    assert [(each["Prefix"], each["ExpirationInDays"]) for each in expiring] == [
        ("table-monitor/runs/", 400),
        ("table-monitor/datasets/", 400),
    ]
    assert expiring[1]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}  # every run makes one more
    policy = template["Resources"]["MonitorHistoryPolicy"]
    assert policy["DeletionPolicy"] == "RetainExceptOnCreate"
    denied = policy_of(template, "MonitorHistoryPolicy")["TlsOnly"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", "s3:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(("name", "wanted"), ALARMS.items())
def test_an_alarm_watches_the_number_that_tells_and_goes_to_operations(
    name: str, wanted: tuple[Any, ...], stack: Callable[[str], Stack]
) -> None:
    alarm = properties(stack("least"), name)
    fields = ("Namespace", "MetricName", "Statistic", "Threshold", "ComparisonOperator")
    assert tuple(alarm[field] for field in fields) == wanted
    assert alarm["AlarmActions"] == [{"Ref": "MonitorOperations"}]
    assert alarm["TreatMissingData"] == "notBreaching"
    (dimension,) = alarm["Dimensions"]
    whose = {"AWS/Lambda": "FunctionName", "AWS/SQS": "QueueName"}.get(wanted[0], "Monitor")
    assert dimension["Name"] == whose
    queue = {"Fn::GetAtt": ["MonitorFailures", "QueueName"]}
    assert dimension["Value"] == (queue if whose == "QueueName" else {"Ref": LAMBDA})


@pytest.mark.parametrize(
    ("name", "period", "evaluations"),
    [
        ("least", 3600, 26),  # a day, an hour of tries, and an hour as runs do not begin with periods
        ("full", 300, 11),  # a quarter of an hour, and 33 minutes of tries of 10 minutes
        ("existing", 3600, 26),
    ],
)
def test_silence_is_an_alarm_as_soon_as_the_schedule_allows(
    name: str, period: int, evaluations: int, stack: Callable[[str], Stack]
) -> None:
    template = stack(name)
    alarm = properties(template, "MonitorHeartbeatAlarm")
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (
        period,
        evaluations,
        evaluations,
    )
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]) == (
        "Heartbeat",
        "Sum",
        1,
        "LessThanThreshold",
    )
    namespace = properties(template, LAMBDA)["Environment"]["Variables"]["METRICS_NAMESPACE"]
    assert alarm["Namespace"] == namespace
    assert alarm["Dimensions"] == [{"Name": "Monitor", "Value": {"Ref": LAMBDA}}]
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "MonitorOperations"}]


def test_no_alarm_waits_for_what_is_longer_than_alarms_look_back(stack: Callable[[str], Stack]) -> None:
    assert "MonitorHeartbeatAlarm" not in stack("weekly")["Resources"]
    assert set(ALARMS) <= set(stack("weekly")["Resources"])


@pytest.mark.parametrize(
    ("name", "reports", "alarms"),
    [
        ("least", [], []),
        ("full", ["data@example.com", "more@example.com"], ["operations@example.com"]),
        ("existing", ["data@example.com"], ["data@example.com"]),  # ALERT_EMAIL, of one address
    ],
)
def test_who_is_mailed(
    name: str, reports: list[str], alarms: list[str], stack: Callable[[str], Stack]
) -> None:
    template = stack(name)
    found: dict[str, list[str]] = {}
    for each in of_kind(template, "AWS::SNS::Subscription").values():
        assert each["Protocol"] == "email"
        found.setdefault(json.dumps(each["TopicArn"]), []).append(each["Endpoint"])
    topic = VARIANTS[name].get("TOPIC_ARN", {"Ref": TOPIC})
    assert sorted(found.pop(json.dumps(topic), [])) == reports
    assert found.pop(json.dumps({"Ref": "MonitorOperations"}), []) == alarms
    assert not found


def test_what_is_there_already_is_used_and_not_made(stack: Callable[[str], Stack]) -> None:
    template = stack("existing")
    given = VARIANTS["existing"]
    made = {each["Type"] for each in template["Resources"].values()}
    assert not made & {"AWS::KMS::Key", "AWS::KMS::Alias"}
    assert list(of_kind(template, "AWS::S3::Bucket")) == ["ServerlessDeploymentBucket"]
    assert list(of_kind(template, "AWS::SNS::Topic")) == ["MonitorOperations"]
    assert properties(template, "MonitorOperations")["KmsMasterKeyId"] == given["KMS_KEY_ARN"]
    variables = properties(template, LAMBDA)["Environment"]["Variables"]
    assert {name: variables[name] for name in ("CONFIG", "HISTORY", "TOPIC_ARN")} == {
        name: given[name] for name in ("CONFIG", "HISTORY", "TOPIC_ARN")
    }
    # What the role may do with them comes from `checks iam`, which reads the same variables.
    assert not {"Report", "History", "HistoryAbsent"} & set(statements(template))
    assert statements(template)["Key"]["Resource"] == [given["KMS_KEY_ARN"]]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "neither CONFIG nor TABLES is set"),
        ({"TABLES": "a.b", "CRON_SCHEDULE": "rate(1 minutes)"}, "write rate(1 minute)"),
        ({"TABLES": "a.b", "CRON_SCHEDULE": ""}, "CRON_SCHEDULE: it is set and empty"),
        ({"TABLES": "a.b", "HISTORY": "s3://bucket"}, "is not a folder in S3"),
        ({"TABLES": "a.b", "ARCH": "mips"}, "is not x86_64 or arm64"),
        ({"TABLES": "a.b", "TIMEOUT": "901"}, "TIMEOUT: '901' is not a whole number from 60 to 900"),
        ({"TABLES": "a.b", "CONFIG_VARIABLES": "NOT_THERE"}, "NOT_THERE is not set"),
        ({"TABLES": "a.b", "POLICY": "no-such.json"}, "there is no no-such.json; make deploy writes it"),
    ],
)
def test_whichever_way_it_is_packaged_what_is_wrong_is_told(
    given: dict[str, str], sentence: str, osls: None, tmp_path: Path
) -> None:
    with pytest.raises(NotPackaged) as refused:
        package(given, tmp_path)
    assert sentence in " ".join(str(refused.value).split())


@pytest.mark.parametrize("size", [6143, 6144, 6145])
def test_a_policy_over_the_quota_is_told_before_it_is_deployed(size: int, osls: None, tmp_path: Path) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{**POLICY["Statement"][0], "Sid": ""}]}  # type: ignore[dict-item]
    policy["Statement"][0]["Sid"] = "A" * (size - len(json.dumps(policy, separators=(",", ":"))))  # type: ignore[index]
    assert len(json.dumps(policy, separators=(",", ":"))) == size
    if size <= 6144:
        assert package({"TABLES": "a.b"}, tmp_path, policy).exists()
    else:
        with pytest.raises(NotPackaged, match="has 6145 characters, and IAM takes 6144"):
            package({"TABLES": "a.b"}, tmp_path, policy)


def test_a_local_config_is_read_from_below_the_history_that_is_there(osls: None, tmp_path: Path) -> None:
    path = package({"CONFIG": "here/checks.yml", "HISTORY": "s3://acme-ops/monitor"}, tmp_path)
    template = json.loads(path.read_text(encoding="utf-8"))
    variables = properties(template, LAMBDA)["Environment"]["Variables"]
    assert variables["CONFIG"] == "s3://acme-ops/monitor/config/checks.yml"
    # With a slash at its end: the guide writes `config/checks.yml` behind it.
    assert variables["HISTORY"] == template["Outputs"]["History"]["Value"] == "s3://acme-ops/monitor/"
    assert template["Outputs"]["RoleArn"]["Value"] == {"Fn::GetAtt": ["MonitorRole", "Arn"]}
    # A config that states a history of its own leads `checks iam` there.
    config = statements(template)["Config"]
    assert config["Action"] == ["s3:GetObject"]
    assert config["Resource"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:s3:::acme-ops/monitor/config/checks.yml"}
    ]


def test_without_a_policy_the_role_has_its_own_rights_only(osls: None, tmp_path: Path) -> None:
    path = package({"TABLES": "a.b"}, tmp_path, {"Version": "2012-10-17", "Statement": []})
    template = json.loads(path.read_text(encoding="utf-8"))
    assert "MonitorConfigPolicy" not in template["Resources"]
    assert properties(template, "MonitorRole")["ManagedPolicyArns"] == []
