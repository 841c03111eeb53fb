"""`checks iam`: what it prints of a real catalog, what it says where it could not find out, and its stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from checks.iam.registry import actions, declared, of_setup
from checks.rights import LIST
from tests.support.accounts import Team, land_days
from tests.support.enforced import Guard
from tests.support.iam_lake import build
from tests.support.policies import GLUE, rights

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake


def test_one_table_takes_its_own_names_and_its_own_place(lake: HttpLake, ask: Any) -> None:
    lake.table("sales.orders")
    code, policy, said = ask("tables: [{table: sales.orders}]")
    assert (code, said) == (0, "")
    assert rights(policy) == {
        ("glue:GetTable", f"{GLUE}:catalog", "*"),
        ("glue:GetTable", f"{GLUE}:database/sales", "*"),
        ("glue:GetTable", f"{GLUE}:table/sales/orders", "*"),
        ("s3:ListBucket", "arn:aws:s3:::lake", "sales/orders/*"),
    }


def test_a_whole_bucket_has_no_condition(lake: HttpLake, ask: Any) -> None:
    lake.bucket("raw")
    _, policy, _ = ask("tables: [{prefix: 's3://raw/'}]")
    assert policy["Statement"] == [
        {
            "Sid": "ListPlaces",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::raw"],
        }
    ]


def test_a_directory_bucket_is_read_by_sessions(lake: HttpLake, ask: Any) -> None:
    code, policy, said = ask("tables: [{prefix: 's3://data--euw1-az1--x-s3/in/'}]")
    assert (code, said) == (0, "")
    bucket = "arn:aws:s3express:eu-west-1:123456789012:bucket/data--euw1-az1--x-s3"
    assert rights(policy) == {("s3express:CreateSession", bucket, "*")}


def test_a_glob_allows_tables_that_come_later(lake: HttpLake, ask: Any) -> None:
    lake.table("sales.orders")
    code, policy, _ = ask("tables: [{table: 'sales.*'}, {table: 'raw_*.ev_?'}]")
    assert code == 3, "the second glob matches nothing yet, which is told"
    guard = Guard(policy, {})
    for table in ("sales/orders", "sales/not_yet", "raw_eu/ev_1"):
        assert guard.allows("testing", "glue:GetPartitions", f"{GLUE}:table/{table}")
    assert not guard.allows("testing", "glue:GetTables", f"{GLUE}:table/hr/salaries")
    assert not guard.allows("testing", "glue:GetTables", f"{GLUE}:table/raw_eu/other")
    assert guard.allows("testing", "glue:GetDatabases", f"{GLUE}:database/anything")
    assert guard.allows("testing", "s3:ListBucket", "arn:aws:s3:::lake", "sales/not_yet/")
    assert not guard.allows("testing", "s3:ListBucket", "arn:aws:s3:::lake", "hr/salaries/")


def test_partitions_registered_elsewhere_are_reached_with_those_to_come(lake: HttpLake, ask: Any) -> None:
    clicks = lake.table("web.clicks", dt="string")
    land_days(lake, clicks, "2026-11-20", "2026-11-21")
    lake.register(clicks, ["2026-11-22"], "s3://cold/clicks/2026-11-22/")
    _, policy, _ = ask("tables: [{table: web.clicks}]")
    found = {(resource, prefix) for action, resource, prefix in rights(policy) if action == LIST}
    assert found == {("arn:aws:s3:::lake", "web/clicks/*"), ("arn:aws:s3:::cold", "clicks/*")}


def test_what_is_not_in_the_catalog_is_told_and_all_else_printed(lake: HttpLake, ask: Any) -> None:
    lake.table("sales.orders")
    code, policy, said = ask("tables: [{table: sales.orders}, {table: sales.gone}]")
    assert code == 3
    assert said.startswith("could not be found out: sales.gone is not in the catalog")
    assert ("glue:GetTable", f"{GLUE}:table/sales/gone", "*") in rights(policy)
    assert ("s3:ListBucket", "arn:aws:s3:::lake", "sales/orders/*") in rights(policy)


def test_topics_and_history_of_the_environment_count(
    lake: HttpLake, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(lake)
    lake.bucket("ops")
    monkeypatch.setenv("TOPIC_ARN", team.topic)
    monkeypatch.setenv("HISTORY", "s3://ops/monitor")
    lake.table("sales.orders")
    code, policy, said = ask("tables: [{table: sales.orders}]")
    assert (code, said) == (0, "")
    own = {each for each in rights(policy) if "ops" in each[1] or ":sns:" in each[1]}
    assert own == {
        ("s3:GetObject", "arn:aws:s3:::ops/monitor/*", "*"),
        ("s3:PutObject", "arn:aws:s3:::ops/monitor/*", "*"),
        ("s3:ListBucket", "arn:aws:s3:::ops", "monitor/*"),
        ("sns:Publish", team.topic, "*"),
        ("sns:ListSubscriptionsByTopic", team.topic, "*"),
    }


def test_beside_a_history_that_the_config_states_the_last_good_config_is_kept_below_the_variables(
    lake: HttpLake, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ops", "team"):
        lake.bucket(name)
    monkeypatch.setenv("HISTORY", "s3://ops/monitor")
    lake.table("sales.orders")
    config = "history: {}\ntables: [{{table: sales.orders}}]"
    code, policy, said = ask(config.format("s3://team/m"))
    assert (code, said) == (0, "")
    assert {each for each in rights(policy) if "ops" in each[1] or "team" in each[1]} == {
        ("s3:GetObject", "arn:aws:s3:::team/m/*", "*"),
        ("s3:PutObject", "arn:aws:s3:::team/m/*", "*"),
        ("s3:ListBucket", "arn:aws:s3:::team", "m/*"),
        ("s3:GetObject", "arn:aws:s3:::ops/monitor/config/last-good/*", "*"),
        ("s3:PutObject", "arn:aws:s3:::ops/monitor/config/last-good/*", "*"),
        ("s3:ListBucket", "arn:aws:s3:::ops", "monitor/config/last-good/*"),
    }
    _, policy, _ = ask(config.format("s3://ops/monitor/"))
    assert ("s3:PutObject", "arn:aws:s3:::ops/monitor/*", "*") in rights(policy)
    assert not any("last-good" in f"{each}" for each in rights(policy))


@pytest.mark.parametrize("other", ["", "us-east-1"])
def test_the_region_is_that_of_the_variable_which_all_tools_but_boto3_read(
    other: str, lake: HttpLake, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.table("sales.orders")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    if other:
        monkeypatch.setenv("AWS_DEFAULT_REGION", other)
    code, policy, said = ask("tables: [{table: sales.orders}]")
    assert (code, said) == (0, "")
    assert ("glue:GetTable", f"{GLUE}:table/sales/orders", "*") in rights(policy)


ROUTES = """
tables: [{table: sales.orders}]
routes:
  - {match: {table: "*"}, topic: "arn:aws:sns:eu-west-1:123456789012:team"}
  - {match: {table: "*"}, chat: "arn:aws:sns:us-east-1:123456789012:chat"}
  - {match: {table: "*"}, eventbridge: tables}
  - {match: {table: "*"}, file: s3://ops/reports/all.html}
  - {match: {table: "*"}, file: here.html}
  - {match: {table: "*"}, webhook: {url: "env:URL", as: slack}}
  - {match: {table: "*"}, webhook: {url: "ssm:/hook/url", as: json, secret: "secretsmanager:hook/key"}}
  - {match: {table: "*"}, webhook: {as: pagerduty, secret: "ssm:/hook/pager"}}
"""


def test_each_target_takes_its_own_rights_and_no_more(lake: HttpLake, ask: Any) -> None:
    lake.table("sales.orders")
    lake.bucket("ops")
    sns = boto3.client("sns")
    sns.create_topic(Name="team")
    boto3.client("sns", region_name="us-east-1").create_topic(Name="chat")
    ssm = boto3.client("ssm")
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    ssm.put_parameter(Name="/hook/url", Value="x", Type="SecureString", KeyId=key)
    ssm.put_parameter(Name="/hook/pager", Value="x", Type="String")
    boto3.client("secretsmanager").create_secret(Name="hook/key", SecretString="x", KmsKeyId="alias/aws/own")
    code, policy, said = ask(ROUTES)
    assert (code, said) == (0, "")
    own = {each[:2] for each in rights(policy) if not each[0].startswith("glue:") and "lake" not in each[1]}
    topics = ("arn:aws:sns:eu-west-1:123456789012:team", "arn:aws:sns:us-east-1:123456789012:chat")
    assert own == {
        *((action, topic) for topic in topics for action in ("sns:Publish", "sns:ListSubscriptionsByTopic")),
        ("events:PutEvents", "arn:aws:events:eu-west-1:123456789012:event-bus/tables"),
        ("s3:PutObject", "arn:aws:s3:::ops/reports/all.html"),
        ("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/hook/url"),
        ("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/hook/pager"),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hook/key-??????",
        ),
        ("kms:Decrypt", key),
    }


def test_secrets_that_are_not_there_are_told_and_allowed(lake: HttpLake, ask: Any) -> None:
    lake.table("sales.orders")
    _, policy, said = ask(
        "tables: [{table: sales.orders}]\n"
        "routes: [{match: {table: '*'}, webhook: {url: 'ssm:/none', secret: 'secretsmanager:none'}}]"
    )
    assert "whether what ssm:/none names is encrypted with a key is not known" in said
    assert "whether what secretsmanager:none names is encrypted with a key is not known" in said
    assert {"ssm:GetParameter", "secretsmanager:GetSecretValue"} <= {each[0] for each in rights(policy)}


def test_nothing_is_ever_written_but_history(lake: HttpLake, tmp_path: Path, ask: Any) -> None:
    build(lake, tmp_path)
    _, policy, _ = ask("history: s3://ops/m/\ntables: [{table: '*.*'}]")
    writes = {each for each in rights(policy) if each[0] == "s3:PutObject"}
    assert writes == {("s3:PutObject", "arn:aws:s3:::ops/m/*", "*")}


def test_who_says_how_long_to_keep_may_delete_runs_and_data_sets_and_nothing_else(
    lake: HttpLake, tmp_path: Path, ask: Any
) -> None:
    build(lake, tmp_path)
    _, kept, _ = ask("name: prod\nhistory: s3://ops/m/\ntables: [{table: '*.*'}]")
    _, forgets, _ = ask("name: prod\nhistory: {at: s3://ops/m/, keep: 400d}\ntables: [{table: '*.*'}]")
    more = {
        ("s3:DeleteObject", f"arn:aws:s3:::ops/m/{folder}*", "*") for folder in ("datasets/", "runs/prod/")
    }
    assert rights(forgets) - rights(kept) == more
    assert rights(kept) < rights(forgets)
    assert {each["Sid"] for each in forgets["Statement"]} - {each["Sid"] for each in kept["Statement"]} == {
        "ForgetWhatIsOld"
    }


def test_of_a_local_history_nothing_is_asked(lake: HttpLake, tmp_path: Path, ask: Any) -> None:
    build(lake, tmp_path)
    _, policy, _ = ask("history: {at: kept/, keep: 400d}\ntables: [{table: '*.*'}]")
    assert not [each for each in rights(policy) if each[0] in ("s3:DeleteObject", "s3:PutObject")]


def test_tables_that_are_judged_together_with_others_are_allowed_too(lake: HttpLake, ask: Any) -> None:
    for name in ("web.events_v1", "web.events_v2", "log.events_v3"):
        lake.table(name, dt="string")
    also = "[web.events_v2, log.*, s3://lake/partner-b/]"
    code, policy, _ = ask(f"tables: [{{table: web.events_v1, freshness: {{max_age: 24h, also_in: {also}}}}}]")
    assert code == 0
    allowed = rights(policy)
    for table in ("web/events_v1", "web/events_v2", "log/*"):
        assert ("glue:GetPartitions", f"{GLUE}:table/{table}", "*") in allowed
    for place in ("web/events_v2", "log/events_v3", "partner-b"):
        assert ("s3:ListBucket", "arn:aws:s3:::lake", f"{place}/*") in allowed


def test_over_the_quota_it_widens_and_says_so(lake: HttpLake, ask: Any) -> None:
    names = [f"orders_of_a_rather_long_name_{number:03d}" for number in range(80)]
    for name in names:
        lake.table(f"sales.{name}")
    code, policy, said = ask("tables:\n" + "\n".join(f"  - {{table: sales.{name}}}" for name in names))
    assert code == 0
    assert said.startswith("note: the policy would have ")
    assert "and a managed policy takes 6,144: widened to " in said
    guard = Guard(policy, {})
    for name in names:
        assert guard.allows("testing", "glue:GetTables", f"{GLUE}:table/sales/{name}")
        assert guard.allows("testing", "s3:ListBucket", "arn:aws:s3:::lake", f"sales/{name}/")


# Stacks -----------------------------------------------------------------------------------------------------


# What is declared -------------------------------------------------------------------------------------------


def test_each_part_declares_its_own() -> None:
    assert set(declared()) == {
        "checks.channels.chat",
        "checks.channels.eventbridge",
        "checks.channels.file",
        "checks.channels.heartbeat",
        "checks.channels.kept_secrets",
        "checks.channels.sns",
        "checks.history.datasets.keeping",
        "checks.history.s3",
        "checks.lake.glue.catalog",
        "checks.lake.fetch",
        "checks.lake.codecs.footers",
        "checks.lake.formats.delta",
        "checks.lake.formats.hudi",
        "checks.lake.formats.iceberg",
        "checks.lake.observe",
        "checks.lake.glue.partitions",
        "checks.aws.session",
    }
    assert "sns:GetTopicAttributes" not in actions()
    assert "sts:AssumeRole" in actions()
    assert set(of_setup()) == {
        "checks.history.caller",
        "checks.history.datasets.engines",
        "checks.lake.account",
    }


def test_only_history_and_reports_are_written() -> None:
    writing = {name for name, found in declared().items() if "s3:PutObject" in found}
    assert writing == {"checks.channels.file", "checks.history.s3"}
    changing = [each for each in actions() if each.split(":")[1].startswith(("Create", "Delete", "Update"))]
    assert changing == ["s3:DeleteObject"]  # only where the config says how long the history is kept
    assert [name for name, found in declared().items() if "s3:DeleteObject" in found] == [
        "checks.history.datasets.keeping"
    ]
    assert {each for each in actions() if each.split(":")[1].startswith("Put")} == {
        "cloudwatch:PutMetricData",
        "events:PutEvents",
        "s3:PutObject",
    }
