"""A lake of every kind of place that a policy has to reach, and the config that watches all of it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from deltalake import write_deltalake
from moto.glue.models import glue_backends
from moto.s3.models import s3_backends

from tests.support.accounts import Team, land_days
from tests.support.enforced import MEMBER, REGION
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.lakes import entry_of
from tests.support.tables_by_engines import (
    ObjectsInMemory,
    edit_json,
    iceberg_catalog,
    iceberg_objects,
    iceberg_schema,
    milliseconds,
    rows,
    set_commit_times,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake

NOW = at("2026-11-23 07:00")
PARTNER = MEMBER.split(":")[4]
CONFIG = """
version: 1
name: prod
topic: {topic}
history: s3://ops/monitor/
accounts:
  partner: {{role_arn: "arn:aws:iam::111122223333:role/reader", external_id: "${{PARTNER_ID}}"}}
defaults:
  freshness: {{max_age: 36h}}
tables:
  - {{table: sales.ice, files: on}}
  - {{table: sales.delta, volume: {{min_bytes: 1}}}}
  - {{table: sales.hudi}}
  - {{table: web.clicks, partitions: {{every: 1d, due: "06:00", lookback: 7}}}}
  - {{table: web.logs, partitions: {{every: 1d, due: "06:00", lookback: 3}}}}
  - {{table: web.visits, partitions: {{every: 1d, due: "06:00", lookback: 3}}}}
  - {{table: "crm.*"}}
  - {{table: "r?w_*.t"}}
  - {{table: ads.spend, schema: {{against: footer}}}}
  - {{table: many.a}}
  - {{table: many.b}}
  - {{table: many.c}}
  - {{table: many.d}}
  - {{table: ext.prices, account: partner}}
  - {{prefix: s3://raw/in/}}
routes:
  - {{match: {{table: "*", severity: [warning, critical, unknown]}}, topic: {route}}}
"""


@dataclass
class IamLake:
    """What was built: the lake, its topics, the key that some of it is encrypted with."""

    lake: HttpLake
    team: Team
    route: Team
    key: str
    state: bytes | None = None

    def forget(self) -> None:
        """Take the history back to what it was when it was last kept (at first: nothing), and forget what was sent."""
        bucket = self.lake.s3.buckets["ops"]
        for name in [name for name in bucket.keys if name.startswith("monitor/")]:
            bucket.keys.pop(name)
        if self.state is not None:
            boto3.client("s3").put_object(Bucket="ops", Key="monitor/states/prod.json", Body=self.state)
        self.team.mails()
        self.route.mails()

    def keep(self) -> None:
        """Let runs begin from here on with the history that there is now."""
        self.state = self.lake.s3.get_object("ops", "monitor/states/prod.json").value


def build(lake: HttpLake, folder: Path) -> IamLake:
    """Build everything; all tables are fresh but one, so that the route has something to tell."""
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    for name in ("lake", "delta", "hudi", "cold", "logs", "raw", "ops", "conf", "files"):
        lake.bucket(name)
    for name in ("lake", "ops"):
        boto3.client("s3").put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [
                    {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
                ]
            },
        )
    team, route = Team(lake), Team(lake, "route")
    boto3.client("sns").set_topic_attributes(
        TopicArn=team.topic, AttributeName="KmsMasterKeyId", AttributeValue=key
    )
    _tables_with_logs(lake, folder)
    _tables_of_files(lake)
    _partner(lake)
    text = CONFIG.format(topic=team.topic, route=route.topic)
    lake.s3.put_object("conf", "checks.yml", text.encode())
    return IamLake(lake, team, route, key)


def _tables_with_logs(lake: HttpLake, folder: Path) -> None:
    ice = folder / "ice"
    ice.mkdir()
    table = iceberg_catalog(ice).create(iceberg_schema())
    table.append(rows("2026-11-22"))
    objects, parameters = iceberg_objects(table, ice)
    edit_json(objects, table.metadata_location, _three_hours_ago)
    _put(lake, "lake", objects)
    lake.table("sales.ice", {"Parameters": parameters})
    delta = folder / "delta"
    write_deltalake(str(delta), rows("2026-11-22"))
    set_commit_times(delta, {0: NOW - 3 * HOUR})
    objects = ObjectsInMemory()
    objects.put_folder(delta)
    _put(lake, "delta", objects)
    where = {"StorageDescriptor": {"Location": "s3://delta/sales/orders"}}
    lake.table("sales.delta", {"Parameters": {"table_type": "DELTA"}, **where})
    hudi = HudiTable(version=8)
    hudi.instant(NOW - 3 * HOUR, "commit", hudi_commit(avro=True))
    _put(lake, "hudi", hudi.objects)
    where = {"StorageDescriptor": {"Location": "s3://hudi/sales/orders"}}
    lake.table("sales.hudi", {"Parameters": {"spark.sql.sources.provider": "hudi"}, **where})


def _three_hours_ago(document: dict[str, Any]) -> None:
    for each in (*document["snapshots"], *document["snapshot-log"]):
        each["timestamp-ms"] = milliseconds(NOW - 3 * HOUR)


def _put(lake: HttpLake, bucket: str, objects: ObjectsInMemory) -> None:
    for key, data in objects.objects.items():
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=data)
        lake.s3.buckets[bucket].keys[key].last_modified = NOW.replace(tzinfo=None) - 3 * HOUR


def _tables_of_files(lake: HttpLake) -> None:
    clicks = lake.table("web.clicks", _at("s3://files/web/clicks"), dt="string")
    land_days(lake, clicks, "2026-11-14", "2026-11-21")
    lake.put("s3://cold/archive/clicks/dt=2026-11-22/part-0.parquet", NOW - 3 * HOUR)
    lake.register(clicks, ["2026-11-22"], "s3://cold/archive/clicks/dt=2026-11-22/", at=NOW - 3 * HOUR)
    keys = {"year": "string", "month": "string", "day": "string"}
    for name in ("web/visits", "crm/visits"):
        visits = lake.table(name.replace("/", "."), _at(f"s3://files/{name}"), **keys)
        for back in range(1, 6):
            day = NOW - back * DAY
            values = f"{day:%Y %m %d}".split()
            lake.register(visits, values, at=day + 20 * HOUR)
            place = f"year={values[0]}/month={values[1]}/day={values[2]}"
            lake.put(f"s3://files/{name}/{place}/a.csv", day + 20 * HOUR)
    daily = lake.table("crm.daily", _at("s3://files/crm/daily"), dt="string")
    land_days(lake, daily, "2026-11-18", "2026-11-22")
    projected = {
        "projection.enabled": "true",
        "projection.dt.type": "date",
        "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": "2026-01-01,NOW",
        "storage.location.template": "s3://logs/app/${dt}/",
    }
    lake.table("web.logs", {"Parameters": projected, **_at("s3://files/web/logs")}, dt="string")
    for back in range(1, 6):
        lake.put(f"s3://logs/app/{(NOW - back * DAY).date()}/a.json", NOW - (back - 1) * DAY - 4 * HOUR)
    for name in ("crm.contacts", "crm.accounts", "raw_eu.t", "many.a", "many.b", "many.c", "many.d"):
        folder = name.replace(".", "/")
        lake.table(name, _at(f"s3://files/{folder}"))
        lake.put(f"s3://files/{folder}/a.parquet", NOW - (80 if name == "crm.accounts" else 3) * HOUR)
    held = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([1], pa.int64())}), held)
    lake.table("ads.spend", _at("s3://files/ads/spend") | {"Parameters": {"classification": "parquet"}})
    lake.s3.put_object("files", "ads/spend/a.parquet", held.getvalue()).last_modified = (
        NOW - 3 * HOUR
    ).replace(tzinfo=None)
    lake.put("s3://raw/in/a.csv", NOW - 3 * HOUR)


def _at(location: str) -> dict[str, Any]:
    return {"StorageDescriptor": {"Location": location, "Columns": [{"Name": "id", "Type": "bigint"}]}}


def _partner(lake: HttpLake) -> None:
    told = entry_of("ext.prices", _at("s3://partner-lake/ext/prices"), {})
    glue: Any = glue_backends[PARTNER][REGION]
    glue.create_database("ext", {"Name": "ext"})
    glue.create_table("ext", "prices", told)
    s3: Any = s3_backends[PARTNER]["aws"]
    s3.create_bucket("partner-lake", REGION)
    s3.put_object("partner-lake", "ext/prices/a.csv", b"x").last_modified = (NOW - 3 * HOUR).replace(
        tzinfo=None
    )
