"""AWS as a policy lets one see it: requests are judged at the HTTP edge, and refused in the words of AWS.

Written from the Service Authorization Reference and the user guides of IAM, S3, Glue and KMS, apart from
`checks.rights`: patterns and conditions are matched by code of its own. What is hard on purpose: an object that is not
there looks denied to who may not list the bucket without a prefix; Glue leaves out of lists what may not be seen.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session
from moto.core import DEFAULT_ACCOUNT_ID
from moto.secretsmanager import secretsmanager_backends
from moto.sns import sns_backends
from moto.ssm import ssm_backends

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REGION = "eu-west-1"
OWN_KEY = "testing"
ROLE = "arn:aws:sts::123456789012:assumed-role/monitor/nightly"
MEMBER = "arn:aws:sts::111122223333:assumed-role/reader/s3-table-monitor"


@dataclass
class Guard:
    """Allows what the policies say: that of the own role, and that of whoever has assumed another one."""

    own: Mapping[str, Any]
    member: Mapping[str, Any]
    denied: list[str] = field(default_factory=list)
    allowed: set[str] = field(default_factory=set)

    def allows(self, caller: str, action: str, resource: str, prefix: str | None = None) -> bool:
        policy = self.own if caller == OWN_KEY else self.member
        found = any(_is_allowed(each, action, resource, prefix) for each in policy["Statement"])
        if found:
            self.allowed.add(action)
        else:
            self.denied.append(f"{action} {resource} {prefix or ''}".strip())
        return found


def _is_allowed(statement: Mapping[str, Any], action: str, resource: str, prefix: str | None) -> bool:
    if not any(_fits(each.lower(), action.lower()) for each in statement["Action"]):
        return False
    if not any(_fits(each, resource) for each in statement["Resource"]):
        return False
    wanted = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
    return wanted is None or (prefix is not None and any(_fits(each, prefix) for each in wanted))


def _fits(pattern: str, text: str) -> bool:
    parts = re.split(r"(\$\{[*?$]\}|[*?])", pattern)
    meaning = {"*": ".*", "?": "."}
    return (
        re.fullmatch(
            "".join(meaning.get(p) or re.escape(p[2] if p.startswith("${") else p) for p in parts),
            text,
            re.DOTALL,
        )
        is not None
    )


@contextmanager
def enforced(own: Mapping[str, Any], member: Mapping[str, Any] | None = None) -> Iterator[Guard]:
    """Judge each request that this process sends by these policies."""
    guard = Guard(own, member or {"Statement": []})
    send = URLLib3Session.send

    def guarded(session: URLLib3Session, request: Any) -> Any:
        return _Judged(guard, request, lambda: send(session, request)).answer()

    with patch.object(URLLib3Session, "send", guarded):
        yield guard


@dataclass
class _Judged:
    guard: Guard
    request: Any
    ask: Any

    def __post_init__(self) -> None:
        self.parts = urlsplit(self.request.url)
        headers = {name.lower(): _text(value) for name, value in self.request.headers.items()}
        scope = re.search(r"Credential=([^/]+)/\d+/([\w-]+)/(\w+)/", headers.get("authorization", ""))
        assert scope is not None, "a request is signed"
        self.caller, self.region, self.service = scope.groups()
        self.target = headers.get("x-amz-target", "").rpartition(".")[2]
        self.body = _text(self.request.body or "")

    @property
    def account(self) -> str:
        return DEFAULT_ACCOUNT_ID if self.caller == OWN_KEY else MEMBER.split(":")[4]

    def may(self, action: str, resource: str, prefix: str | None = None) -> bool:
        return self.guard.allows(self.caller, action, resource, prefix)

    def answer(self) -> Any:
        services = {"s3": self.s3, "glue": self.glue, "sns": self.query, "sts": self.query}
        return services.get(self.service, self.json)()

    def s3(self) -> Any:
        bucket, _, key = unquote(self.parts.path).lstrip("/").partition("/")
        query = parse_qs(self.parts.query, keep_blank_values=True)
        arn = f"arn:aws:s3:::{bucket}"
        if self.request.method == "PUT":
            if not self.may("s3:PutObject", f"{arn}/{key}"):
                return self.refused_xml("s3:PutObject", f"{arn}/{key}")
            return self.with_key(self.ask(), ("kms:GenerateDataKey", "kms:Decrypt"))
        if "encryption" in query:
            action = "s3:GetEncryptionConfiguration"
            return self.ask() if self.may(action, arn) else self.refused_xml(action, arn)
        if not key:
            prefix = query.get("prefix", [None])[0]
            return (
                self.ask()
                if self.may("s3:ListBucket", arn, prefix)
                else self.refused_xml("s3:ListBucket", arn)
            )
        if not self.may("s3:GetObject", f"{arn}/{key}"):
            return self.refused_xml("s3:GetObject", f"{arn}/{key}")
        found = self.ask()
        if found.status_code == 404 and not self.may("s3:ListBucket", arn):
            return self.refused_xml("s3:ListBucket", arn)
        return self.with_key(found, ("kms:Decrypt",))

    def with_key(self, answer: Any, actions: tuple[str, ...]) -> Any:
        key = answer.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
        lacking = [each for each in actions if key and not self.may(each, key)]
        return self.refused_xml(lacking[0], str(key)) if lacking else answer

    def glue(self) -> Any:
        asked, action = json.loads(self.body), f"glue:{self.target}"
        begin = f"arn:aws:glue:{self.region}:{self.account}:"
        database = asked.get("DatabaseName") or (asked.get("Name") if self.target == "GetDatabase" else None)
        table = asked.get("TableName") or (asked.get("Name") if self.target == "GetTable" else None)
        needed = [
            "catalog",
            *([f"database/{database}"] if database else []),
            *([f"table/{database}/{table}"] if table else []),
        ]
        for each in needed:
            if not self.may(action, begin + each):
                return self.refused_json(action, begin + each)
        answer = self.ask()
        if self.target in ("GetTables", "GetDatabases") and answer.status_code == 200:
            return self.filtered(answer, action, begin, database)
        return answer

    def filtered(self, answer: Any, action: str, begin: str, database: str | None) -> Any:
        document = json.loads(answer.content)
        listed = "TableList" if self.target == "GetTables" else "DatabaseList"
        kind = f"table/{database}/" if self.target == "GetTables" else "database/"
        document[listed] = [
            each for each in document[listed] if self.may(action, f"{begin}{kind}{each['Name']}")
        ]
        answer._content = json.dumps(document).encode()
        return answer

    def json(self) -> Any:
        """Judge EventBridge, Systems Manager and Secrets Manager, with the key of what is read."""
        asked, action = json.loads(self.body), f"{self.service}:{self.target}"
        resources, key = {"events": self.buses, "ssm": self.parameter, "secretsmanager": self.secret}[
            self.service
        ](asked)
        for each in resources:
            if not self.may(action, each):
                return self.refused_json(action, each)
        if key and not self.may("kms:Decrypt", key):
            return self.refused_json("kms:Decrypt", key)
        return self.ask()

    def buses(self, asked: Any) -> tuple[list[str], str]:
        begin = f"arn:aws:events:{self.region}:{self.account}:event-bus/"
        names = sorted({entry["EventBusName"] for entry in asked["Entries"]})
        return [name if name.startswith("arn:") else begin + name for name in names], ""

    def parameter(self, asked: Any) -> tuple[list[str], str]:
        found: Any = ssm_backends[DEFAULT_ACCOUNT_ID][self.region].get_parameter(asked["Name"])
        name = asked["Name"].lstrip("/")
        return [f"arn:aws:ssm:{self.region}:{self.account}:parameter/{name}"], _own_key(found.keyid)

    def secret(self, asked: Any) -> tuple[list[str], str]:
        secrets: Any = secretsmanager_backends[DEFAULT_ACCOUNT_ID][self.region].secrets
        found = secrets.get(asked["SecretId"])
        return [found.arn], _own_key(found.kms_key_id)

    def query(self) -> Any:
        form = {name: values[0] for name, values in parse_qs(self.body).items()}
        action = f"{self.service}:{form['Action']}"
        resource = form.get("TopicArn") or form.get("RoleArn") or "*"
        if not self.may(action, resource):
            return self.refused_query(action, resource)
        if form["Action"] == "Publish":
            backend: Any = sns_backends[DEFAULT_ACCOUNT_ID][self.region]
            key = backend.topics[resource].kms_master_key_id
            for each in ("kms:GenerateDataKey", "kms:Decrypt") if key else ():
                if not self.may(each, key):
                    return self.refused_query(each, key, code="KMSAccessDenied")
        return self.ask()

    def why(self, action: str, resource: str) -> str:
        who = ROLE if self.caller == OWN_KEY else MEMBER
        return (
            f"User: {who} is not authorized to perform: {action} on resource: {resource} "
            f"because no identity-based policy allows the {action} action"
        )

    def refused_xml(self, action: str, resource: str) -> Any:
        why = escape(self.why(action, f'"{resource}"'))
        return self.said(403, f"<Error><Code>AccessDenied</Code><Message>{why}</Message></Error>".encode())

    def refused_query(self, action: str, resource: str, code: str | None = None) -> Any:
        told = code or ("AuthorizationError" if self.service == "sns" else "AccessDenied")
        why = escape(self.why(action, resource))
        error = f"<Error><Type>Sender</Type><Code>{told}</Code><Message>{why}</Message></Error>"
        return self.said(403, f"<ErrorResponse>{error}</ErrorResponse>".encode())

    def refused_json(self, action: str, resource: str) -> Any:
        body = {"__type": "AccessDeniedException", "Message": self.why(action, resource)}
        return self.said(400, json.dumps(body).encode())

    def said(self, status: int, body: bytes) -> Any:
        answer: Any = AWSResponse(
            self.request.url, status, HTTPHeaders.from_dict({"x-amz-bucket-region": REGION}), None
        )
        answer._content = body
        return answer


def _own_key(key: str | None) -> str:
    """The ARN of a key of the account's own; what is encrypted with AWS's keys needs none."""
    return key if key and key.startswith("arn:aws:kms:") else ""


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""
