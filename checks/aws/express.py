"""Pages of S3 listings, asked for without botocore's middle layers, which cost more than all else of a page.

botocore asks each bucket first: it finds endpoint, region and credentials, and follows redirects. What it sent is
the model of what is asked of that bucket afterwards, which its own signer signs and its own HTTP session sends
(proxies, certificates, time-outs and kept connections are the same). Whatever does not come back as a listing is
asked again in the ordinary way, which retries, slows down and knows what a refusal means.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from checks.aws.pages import LISTING, is_listing, parse_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checks.aws.pages import Page

COUNTED_AS = f"s3:{LISTING}"
_SENT: ContextVar[Any] = ContextVar("sent_listing", default=None)
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^,]*/[0-9]{8}/([a-z0-9-]+)/s3/aws4_request,")
"""The credential scope of a request to S3 (Signature Version 4); others are signed by botocore alone."""
_THROTTLED = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class _Model:
    """Where a bucket answers, and the region that requests to it are signed for."""

    url: str
    region: str
    user_agent: str


@dataclass(slots=True)
class Express:
    """What is known of the buckets of a run; threads share it. ``count`` is told of each request before it goes out."""

    count: Callable[[str], None]
    _models: dict[tuple[int, str], _Model | None] = field(default_factory=dict)
    """By client and bucket; None where botocore alone shall ask from now on."""

    def page(self, client: Any, bucket: str, query: Mapping[str, str]) -> Page | None:
        """Return a page of the bucket, None where botocore has to ask for it.

        ``query`` holds the parameters of ListObjectsV2 as they go into the URL, not encoded yet. Raises TornAnswer,
        and what ``count`` raises.
        """
        key = id(client), bucket
        model = self._models.get(key)
        if model is None:
            return None
        self.count(COUNTED_AS)
        try:
            answer = self._send(client, model, query)
            body = answer.content.strip()
        except Exception:  # noqa: BLE001 - whatever it is, botocore meets it again and knows its name
            if self._models.get(key) is model:  # unless another thread met it, too
                self._models.pop(key, None)
            return None
        if answer.status_code in _THROTTLED:  # the client's own rate has to slow down
            self._models[key] = None
        return parse_page(body) if answer.status_code == 200 and is_listing(body) else None

    def learn(self, client: Any, bucket: str) -> None:
        """Take the listing that this thread sent last, and that was answered well, as the model of more of them."""
        sent = _SENT.get()
        if sent is None or (id(client), bucket) in self._models:
            return
        scope = _SCOPE.match(_text(sent.headers.get("Authorization")))
        url, sign, _ = sent.url.partition("?")
        if scope is None or not sign or sent.method != "GET":
            return
        self._models[id(client), bucket] = _Model(url, scope[1], _text(sent.headers.get("User-Agent")))

    @staticmethod
    def note(request: Any) -> None:
        """Take note of a listing that botocore is about to send in this thread."""
        _SENT.set(request)

    @staticmethod
    def _send(client: Any, model: _Model, query: Mapping[str, str]) -> Any:
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest

        text = "&".join(f"{name}={quote(query[name], safe='-_.~')}" for name in sorted(query))
        request = AWSRequest("GET", f"{model.url}?{text}", {"User-Agent": model.user_agent})
        request.context["client_config"] = client.meta.config
        credentials = client._request_signer._credentials.get_frozen_credentials()  # noqa: SLF001 - they renew themselves
        S3SigV4Auth(credentials, "s3", model.region).add_auth(request)
        return client._endpoint.http_session.send(request.prepare())  # noqa: SLF001 - with its pool of connections


def _text(header: Any) -> str:
    return header.decode("latin-1") if isinstance(header, bytes) else str(header or "")
