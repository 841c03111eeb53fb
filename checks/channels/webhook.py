"""News over HTTPS: the signed JSON report, or the form that Slack, Teams or PagerDuty reads.

The signature is that of the Standard Webhooks specification (1.0.0), for which there are libraries in many languages:
HMAC-SHA256 over ``id.timestamp.body``, in base64, in three headers. The id is the same at each try.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from checks import text as words
from checks.aside import Crew, GivenUp
from checks.channels import https, kept_secrets
from checks.channels.base import Delivery
from checks.channels.kept_secrets import SecretUnavailable
from checks.config.targets import PAGERDUTY_URL, Address, Webhook
from checks.report import as_json, pagerduty, slack, teams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checks.channels.https import Posted
    from checks.model import Change
    from checks.report.build import Report
    from checks.report.pagerduty import Alert
    from checks.rights import Home, Right

JSON_LONGEST = 256 * 1024
"""The signed report is cut between items to this, as receivers bound what they read."""
MOST_ALERTS = 300
"""PagerDuty is sent so many events by one run; it takes some hundred a minute. What is left is told in the next run."""
_AT_ONCE = 8
_PREFIX = "whsec_"
_PLAIN = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "s3-table-monitor"}


@dataclass(frozen=True, slots=True)
class _Way:
    """Where to post, what the secret is, and until when. Neither is ever shown."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    what: str
    stop_at: float | None

    def late(self) -> str:
        """Say that it did not answer in time."""
        return f"{self.what[0].upper()}{self.what[1:]} did not answer in time."

    def post(self, body: bytes, headers: Callable[[], Mapping[str, str]]) -> Posted:
        """Post a body; see `https.post`."""
        hidden = (self.secret,) if self.secret else ()
        return https.post(self.url, body, headers, what=self.what, hidden=hidden, stop_at=self.stop_at)


@dataclass(frozen=True, slots=True)
class Hook:
    """The channel to a webhook."""

    webhook: Webhook

    @property
    def target(self) -> str:
        """Where reports go, without any secret."""
        return f"webhook {self.webhook}"

    @property
    def news_only(self) -> bool:
        """PagerDuty keeps alerts open itself; all others are read by people or take whole reports."""
        return self.webhook.as_ == "pagerduty"

    def deliver(self, report: Report, stop_at: float | None = None) -> Delivery:
        """Post the report in the receiver's form."""
        try:
            way = self._way(stop_at)
        except SecretUnavailable as error:
            return Delivery(self.target, ok=False, problem=f"The {self.target} got nothing: {error}")
        if self.webhook.as_ == "pagerduty":
            return _alert(way, report, self.target)
        posted = _SEND[self.webhook.as_](way, report)
        return Delivery(self.target, ok=posted.ok, problem=posted.problem)

    def needs(self, home: Home) -> tuple[Right, ...]:
        """Return the rights to read its secrets."""
        return tuple(right for kept in self.webhook.references() for right in kept_secrets.needs(kept, home))

    def unheard(self) -> str:
        """Return nothing: its answer tells."""
        return ""

    def unanswered(self) -> Delivery:
        """Say that the receiver may or may not have got the report."""
        told = f"The {self.target} did not answer in time, so whether it got the report is not known."
        return Delivery(self.target, ok=False, problem=told)

    def _way(self, stop_at: float | None) -> _Way:
        url = self.webhook.url
        address = (
            PAGERDUTY_URL if url is None else url.url if isinstance(url, Address) else kept_secrets.fetch(url)
        )
        secret = "" if self.webhook.secret is None else kept_secrets.fetch(self.webhook.secret)
        if self.webhook.as_ == "json":
            key_of(secret)
        return _Way(address, secret, f"the {self.target}", stop_at)


channel = Hook
"""What `checks.channels.channel_of` makes of a target."""


def key_of(secret: str) -> bytes:
    """Return the key of a secret: what stands in base64 behind ``whsec_``, else its characters as they are.

    Raises SecretUnavailable where that is no base64.
    """
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise SecretUnavailable(
            "what follows whsec_ in its secret is no base64; make a new secret."
        ) from None


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a body: ``v1,`` and the HMAC-SHA256 in base64."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()}"


def _signed(way: _Way, report: Report) -> Posted:
    body = as_json.render(report, JSON_LONGEST).encode()
    digest = hashlib.sha256(body).hexdigest()[:12]
    message_id = f"{words.shorten(words.ascii_only(report.run_id), 100).replace('.', '-')}-{digest}"

    def headers() -> Mapping[str, str]:
        timestamp = int(https.clock().timestamp())
        return {
            **_PLAIN,
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(way.secret, message_id, timestamp, body),
        }

    return way.post(body, headers)


def _plain(message: Callable[[Report], dict[str, Any]], way: _Way, report: Report) -> Posted:
    body = json.dumps(message(report), ensure_ascii=False).encode("utf-8", "replace")
    return way.post(body, lambda: _PLAIN)


_SEND: Mapping[str, Callable[[_Way, Report], Posted]] = {
    "json": _signed,
    "slack": partial(_plain, slack.message),
    "teams": partial(_plain, teams.message),
}


def _alert(way: _Way, report: Report, target: str) -> Delivery:
    """Post the alerts, some at once; what is refused is told, with the changes that it would have told."""
    alerts = pagerduty.alerts(report)
    chosen = alerts[:MOST_ALERTS]
    lost: set[Change] = {alert.change for alert in alerts[MOST_ALERTS:] if alert.change is not None}
    why: dict[str, None] = {}
    failed = 0
    for alert, posted in _posted(way, chosen, in_turn=report.is_test):
        if posted is None or not posted.ok:
            failed += 1
            why[posted.problem if posted is not None else way.late()] = None
            if alert.change is not None:
                lost.add(alert.change)
    if left := len(alerts) - len(chosen):
        why[f"{left:,} are more than one run sends, and are told in the next one."] = None
    if not why:
        return Delivery(target, ok=True)
    count = f"{failed + left:,} of {words.count(len(alerts), 'alert')}"
    return Delivery(
        target,
        ok=False,
        problem=f"{count} did not get to the {target}: {' '.join(list(why)[:3])}",
        lost=frozenset(lost),
    )


def _posted(way: _Way, alerts: tuple[Alert, ...], *, in_turn: bool) -> list[tuple[Alert, Posted | None]]:
    """Return what became of each alert, None where the time was up."""
    crew: Crew[int, Posted] = Crew(1 if in_turn else _AT_ONCE, stop_at=way.stop_at)
    for number, alert in enumerate(alerts):
        body = json.dumps({"routing_key": way.secret, **alert.event}, ensure_ascii=False)
        crew.submit(number, partial(way.post, body.encode("utf-8", "replace"), lambda: _PLAIN))
    return [
        (alerts[done.key], None if isinstance(done.error, GivenUp) else done.result())
        for done in crew.outcomes()
    ]
