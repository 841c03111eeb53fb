"""Where a route leads: a topic, a chat, an event bus, a file or a webhook, each read strictly.

A secret never stands in a config: a `Reference` says where it is kept. What may be a secret is never shown, neither in
a mistake nor in the ``repr`` of what was read.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from checks.config.key_types import HIDDEN, Topic, shown
from checks.rules.key_types import ConfigBlock, parse_text
from checks.text import listing

if TYPE_CHECKING:
    from collections.abc import Collection

As = Literal["json", "slack", "teams", "pagerduty"]
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that plain HTTP may lead to: nothing leaves the machine."""
PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
"""Where PagerDuty takes events (its Events API v2); accounts in Europe have one of their own."""
_BUS_ARN = r"arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus/[A-Za-z0-9/._-]{1,256}"
_BUS_NAME = r"[A-Za-z0-9/._-]{1,256}"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PARAMETER = re.compile(
    r"arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter/[\w.\-/]{1,1011}|/?[\w.\-/]{1,1011}", re.ASCII
)
_SECRET_NAME = re.compile(
    r"(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:)?[\w/+=.@-]{1,512}", re.ASCII
)
_KINDS = {"env": _VARIABLE, "ssm": _PARAMETER, "secretsmanager": _SECRET_NAME}
_WHERE = "env:NAME, ssm:/path or secretsmanager:ARN"
_SECRET_HOSTS = ("hooks.slack.com", ".webhook.office.com", ".logic.azure.com", ".api.powerplatform.com")
"""Hosts whose addresses let whoever knows them send, or the ends of their names."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept: ``kind`` env, ssm or secretsmanager, its name there, and the key in a JSON object."""

    kind: str
    name: str
    key: str = ""

    def __str__(self) -> str:
        """Return it as the config writes it."""
        return f"{self.kind}:{self.name}{f'#{self.key}' if self.key else ''}"


@dataclass(frozen=True, slots=True)
class Address:
    """An address that stands in the config; of it only the host is shown."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        """Return the host, and something that tells addresses of one host apart."""
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:8]
        return f"{urlsplit(self.url).hostname} ({digest})"


def parse_reference(value: object) -> Reference:
    """Read where a secret is kept; raise ValueError with what to write, and without what was written."""
    text = value.strip() if isinstance(value, str) else ""
    kind, colon, rest = text.partition(":")
    if not colon or kind not in _KINDS:
        raise ValueError(f"names no place where a secret is kept ({HIDDEN}); write {_WHERE}")
    name, _, key = rest.partition("#") if kind == "secretsmanager" else (rest, "", "")
    if not _KINDS[kind].fullmatch(name) or not key.isprintable() or (rest.endswith("#")):
        raise ValueError(f"names no {_what(kind)}; write such as {_EXAMPLES[kind]}")
    return Reference(kind, name, key)


_EXAMPLES = {
    "env": "env:WEBHOOK_SECRET",
    "ssm": "ssm:/table-monitor/webhook",
    "secretsmanager": "secretsmanager:table-monitor/webhook, with #key for a value of a JSON object",
}


def _what(kind: str) -> str:
    return {"env": "variable", "ssm": "parameter"}.get(kind, "secret")


def parse_url(value: object) -> Reference | Address:
    """Read an address, or where one is kept; raise ValueError with what to write, and without what was written."""
    if isinstance(value, str) and value.strip().partition(":")[0] in _KINDS:
        return parse_reference(value)
    problem = url_problem(value)
    if problem:
        raise ValueError(problem)
    text = str(value).strip()
    parts = urlsplit(text)
    host = (parts.hostname or "").lower()
    if parts.query or host.endswith(_SECRET_HOSTS):
        advice = f"write where it is kept: url: {_WHERE}"
        raise ValueError(f"is a secret itself: whoever knows it can send ({HIDDEN}); {advice}")
    return Address(text)


def url_problem(value: object) -> str:
    """Return why no report may be sent to an address, empty where it may; the address is not told.

    https only, with http to this machine for tests; no name or password in it; no address of the machine's own link,
    such as the one where clouds hand out credentials.
    """
    fix = "write one such as https://hooks.example.com/tables"
    if not isinstance(value, str) or not value.strip().isprintable() or " " in value.strip():
        return f"is no address ({HIDDEN}); {fix}"
    try:
        parts = urlsplit(value.strip())
        host = (parts.hostname or "").lower()
        _ = parts.port
    except ValueError:
        return f"is no address ({HIDDEN}); {fix}"
    if not host or not value.strip().isascii():
        return f"is no address ({HIDDEN}); {fix}"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOCAL_HOSTS):
        return f"is no https address ({HIDDEN}); {fix}"
    if parts.username is not None or parts.password is not None:
        return f"holds a name or password ({HIDDEN}); write where the address is kept: url: {_WHERE}"
    return "leads to an address that no receiver has; name a host" if _is_of_link(host) else ""


def _is_of_link(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified)


def parse_bus(value: object) -> str:
    """Read an event bus's name or ARN; raise ValueError with what to write."""
    text = parse_text(value)
    if re.fullmatch(f"{_BUS_ARN}|{_BUS_NAME}", text, re.ASCII):
        return text
    advice = "write default, the name of another bus, or its ARN"
    raise ValueError(f"{shown(text)} is not an event bus; {advice}")


def parse_place(value: object) -> str:
    """Read a local path or the s3:// URI of an object; raise ValueError with what to write."""
    text = parse_text(value)
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if text.startswith("s3://") and bucket and key and not key.endswith("/"):
        return text
    if "://" in text or text.endswith("/"):
        advice = "write a path or an object, such as s3://acme-ops/reports/finance.html"
        raise ValueError(f"{shown(text)} names no file; {advice}")
    return text


_SECRET_PATTERN = r"(env|ssm|secretsmanager):.+"  # noqa: S105 - how a place is written
Url = Annotated[
    Reference | Address,
    BeforeValidator(parse_url),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^(https://.+|http://(localhost|127\.0\.0\.1)[:/].*|{_SECRET_PATTERN})$",
        }
    ),
]
Secret = Annotated[
    Reference,
    BeforeValidator(parse_reference),
    WithJsonSchema({"type": "string", "pattern": f"^{_SECRET_PATTERN}$"}),
]
Bus = Annotated[
    str,
    BeforeValidator(parse_bus),
    WithJsonSchema({"type": "string", "pattern": f"^({_BUS_ARN}|{_BUS_NAME})$"}),
]
Place = Annotated[str, BeforeValidator(parse_place), WithJsonSchema({"type": "string", "minLength": 1})]


class Webhook(ConfigBlock):
    """An address that gets the news over HTTPS, in the form that its receiver reads."""

    url: Url | None = Field(
        None,
        description="Where to send, or where that is kept: env:NAME, ssm:/path or secretsmanager:ARN. PagerDuty has an "
        "address of its own.",
        examples=["https://hooks.example.com/tables", "env:SLACK_URL"],
    )
    as_: As = Field(
        "json",
        alias="as",
        description="The form: json (the report, signed), slack, teams or pagerduty.",
        examples=["slack", "pagerduty"],
    )
    secret: Secret | None = Field(
        None,
        description="Where the key is kept that json is signed with, or PagerDuty's integration key.",
        examples=["ssm:/table-monitor/webhook", "secretsmanager:table-monitor/pagerduty#key"],
    )

    @model_validator(mode="before")
    @classmethod
    def _is_block(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(  # noqa: TRY004 - pydantic tells ValueErrors
                f"is not a block of keys ({HIDDEN}); write such as webhook: {{url: env:SLACK_URL, as: slack}}"
            )
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Webhook:
        needs_secret = self.as_ in ("json", "pagerduty")
        if self.url is None and self.as_ != "pagerduty":
            raise ValueError("names no url; write one, such as url: env:WEBHOOK_URL")
        if needs_secret and self.secret is None:
            use = "what it is signed with" if self.as_ == "json" else "the integration key of the service"
            raise ValueError(f"names no secret, {use}; write where it is kept, such as secret: env:NAME")
        if not needs_secret and self.secret is not None:
            raise ValueError(f"has a secret that {self.as_} does not use: its url is the secret; take it out")
        if (
            not needs_secret
            and isinstance(self.url, Address)
            and urlsplit(self.url.url).hostname not in LOCAL_HOSTS
        ):
            raise ValueError(
                f"holds the address of {self.as_} itself, which is a secret; write where it is kept: url: {_WHERE}"
            )
        return self

    def references(self) -> tuple[Reference, ...]:
        """Return where its secrets are kept."""
        return tuple(kept for kept in (self.url, self.secret) if isinstance(kept, Reference))

    def __str__(self) -> str:
        """Return it as people may see it."""
        own = f"{self.as_} at {self.url or 'PagerDuty'}"
        return own if self.secret is None else f"{own} with {self.secret}"


def target_problem(keys: Collection[str]) -> str:
    """Return what is wrong with the keys of a route, empty where exactly one says where it leads."""
    named = [key for key in Targets.model_fields if key in keys]
    if not named:
        return f"names no target; write one of {', '.join(Targets.model_fields)}"
    return f"names {listing(named)}; write a route of its own for each" if len(named) > 1 else ""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a report goes: ``kind`` is the key of the config that names it, ``value`` what stands there."""

    kind: str
    value: Any

    def __str__(self) -> str:
        """Return what tells it from every other target, without any secret."""
        return f"{self.kind} {self.value}"


class Targets(ConfigBlock):
    """The keys of a route that name where it leads: exactly one of them."""

    topic: Topic | None = Field(
        None,
        description="An SNS topic, which emails its part of the report.",
        examples=["arn:aws:sns:eu-west-1:123456789012:finance-data"],
    )
    chat: Topic | None = Field(
        None,
        description="An SNS topic of its own that Amazon Q Developer in chat applications brings to Slack or Teams.",
        examples=["arn:aws:sns:eu-west-1:123456789012:finance-chat"],
    )
    eventbridge: Bus | None = Field(
        None,
        description="An event bus, by its name or ARN, which gets one event a change.",
        examples=["default", "arn:aws:events:eu-west-1:123456789012:event-bus/tables"],
    )
    webhook: Webhook | None = Field(
        None,
        description="An address that gets it over HTTPS.",
        examples=[{"url": "env:SLACK_URL", "as": "slack"}],
    )
    file: Place | None = Field(
        None,
        description="A path or the s3:// URI of an object, as text, HTML or JSON by its ending.",
        examples=["s3://acme-ops/reports/finance.html"],
    )

    @model_validator(mode="after")
    def _names_one(self) -> Targets:
        problem = target_problem(self._named())
        if problem:
            raise ValueError(problem)
        return self

    def _named(self) -> list[str]:
        return [key for key in Targets.model_fields if getattr(self, key) is not None]

    @property
    def target(self) -> Target:
        """Where the route leads."""
        (key,) = self._named()
        return Target(key, getattr(self, key))
