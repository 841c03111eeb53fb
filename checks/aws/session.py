"""Sessions and clients of each account, with every request counted and every answer checked for wholeness.

boto3 reads a torn answer (an empty or truncated body with status 200) as "nothing there". So each answer
that a verdict can rest on is checked here for what a whole one must hold, for the clients of this package
and for those that awswrangler makes out of the same session.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from checks.aws.clients import own_region
from checks.aws.express import Express
from checks.aws.ledger import Ledger
from checks.aws.pages import LISTING, SKELETON, TornAnswer, is_listing, is_own, lacks_of_page, parse_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checks.model import Cost

_T = TypeVar("_T")


IAM_ACTIONS = ("sts:AssumeRole",)
"""Asked for on the roles of other accounts alone."""
ATTEMPTS = 5
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 10.0
"""An attempt that does not answer for so long is given up and made again, within the time of its table."""
_TORN_RETRIES = 2
_ROLE_FAILED_FOR_S = 60.0
"""How long a role that could not be assumed is not asked for again."""


class Account(Protocol):
    """How to reach another account; equal to a config's entry of the same name."""

    @property
    def role_arn(self) -> str:
        """The role that is assumed there."""

    @property
    def region(self) -> str | None:
        """Its region, None for the run's own."""

    @property
    def external_id(self) -> str | None:
        """The external id that its trust policy asks for."""


class Aws:
    """boto3 sessions of the own account (None) and of others, which are reached by assuming their role.

    ``signed_in_to`` names another account whose credentials are at hand, so that no role of it is assumed.
    Threads share it. Clients are kept for each service, account and region. ``AWS_ENDPOINT_URL`` and all
    else of boto3's configuration counts.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account] | None = None,
        region: str | None = None,
        *,
        concurrency: int = 16,
        max_requests: int | None = None,
        attempts: int = ATTEMPTS,
        read_timeout_s: float | None = None,
        signed_in_to: str | None = None,
    ) -> None:
        self._accounts = dict(accounts or {})
        self._signed_in_to = signed_in_to
        self._region = region or own_region()
        self._concurrency = concurrency
        self._attempts = attempts
        self._read_timeout_s = READ_TIMEOUT_S if read_timeout_s is None else read_timeout_s
        self.ledger = Ledger(max_requests)
        self.express = Express(self.ledger.enter)
        self._lock = threading.RLock()
        self._sessions: dict[str | None, Any] = {}
        self._clients: dict[tuple[str, str | None, str | None], Any] = {}

    def session(self, account: str | None = None) -> Any:
        """Return the boto3 session of the account; ValueError when the config knows no such account."""
        with self._lock:
            if account not in self._sessions:
                self._sessions[account] = self._open(account)
            return self._sessions[account]

    def client(self, service: str, account: str | None = None, region: str | None = None) -> Any:
        """Return the client of the service there; the same one each time."""
        key = (service, account, region)
        with self._lock:  # creating clients is not thread-safe in boto3
            if key not in self._clients:
                self._clients[key] = self.session(account).client(service, region_name=region)
            return self._clients[key]

    def region(self, account: str | None = None) -> str | None:
        """Return the region that the account is looked at in."""
        name: str | None = self.session(account).region_name
        return name

    def cost(self, seconds: float = 0.0) -> Cost:
        """Return what was asked so far, at list prices."""
        return self.ledger.cost(seconds)

    def _open(self, account: str | None) -> Any:
        import boto3
        import botocore.session
        from botocore.config import Config

        core: Any = botocore.session.get_session()
        core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parse_instant)
        # awswrangler states its own number of attempts; mode and timeouts stay those of the session.
        core.set_config_variable("retry_mode", "adaptive")
        core.set_default_client_config(
            Config(
                retries={"total_max_attempts": self._attempts, "mode": "adaptive"},
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=self._read_timeout_s,
                max_pool_connections=max(10, self._concurrency),
            )
        )
        core.register("before-send.*", self._count)
        # This name comes before botocore's own check, which marks a listing that it cannot parse as a failure
        # of the service: its hooks call names with a wildcard for the service first.
        core.register("before-parse.*.ListObjectsV2", check_body)
        core.register("before-parse.glue", check_body)
        core.register("after-call.*", check_whole)
        region = self._region
        if account is not None:
            known = self._accounts.get(account)
            if known is None:
                message = f"account {account!r} is not under accounts in the config"
                raise ValueError(message)
            region = known.region or region
            if account != self._signed_in_to:
                self._assume(core, known, region)
        lock = self._lock

        class OneAtATime(boto3.Session):
            """Makes clients one at a time, also those that awswrangler makes for threads that read side by side."""

            def client(self, *args: Any, **keys: Any) -> Any:
                with lock:
                    return super().client(*args, **keys)

        return OneAtATime(botocore_session=core, region_name=region)

    def _assume(self, core: Any, account: Account, region: str | None) -> None:
        from botocore.credentials import (
            AssumeRoleCredentialFetcher,
            DeferredRefreshableCredentials,
        )
        from botocore.exceptions import BotoCoreError, ClientError

        own = self.session(None)
        extra = {"RoleSessionName": "s3-table-monitor"}
        if account.external_id:
            extra["ExternalId"] = account.external_id

        failed: list[tuple[float, Exception]] = []

        def refresh() -> Any:
            """Assume the role; where it was refused or did not answer, say so again for a while without asking.

            Whoever waits for credentials waits in one queue: with 40 databases of an account whose STS hangs, each of
            them would wait for all attempts of those before it.
            """
            if failed and time.monotonic() - failed[-1][0] < _ROLE_FAILED_FOR_S:
                raise failed[-1][1]
            try:
                return assume()
            except (BotoCoreError, ClientError) as error:
                failed.append((time.monotonic(), error))
                raise

        def assume() -> Any:
            def create(service: str, **keys: Any) -> Any:
                return own.client(service, region_name=region, **keys)

            fetcher = AssumeRoleCredentialFetcher(
                create, _own_credentials(own), account.role_arn, extra_args=extra
            )
            return fetcher.fetch_credentials()

        # The session's public setter takes fixed keys only; these renew themselves before they end.
        core._credentials = DeferredRefreshableCredentials(refresh_using=refresh, method="assume-role")  # noqa: SLF001

    def _count(self, event_name: str, request: Any = None, **_: Any) -> None:
        service, operation = event_name.split(".")[1:3]
        self.ledger.enter(f"{service}:{operation}")
        if operation == LISTING:
            self.express.note(request)


@cache
def _loader(data_path: str | None) -> Any:
    """Return what reads descriptions of services, once for all sessions: that takes 0.2 s each."""
    from botocore.loaders import create_loader

    return create_loader(data_path)


def _own_credentials(session: Any) -> Any:
    from botocore.exceptions import NoCredentialsError

    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    return credentials


def whole(ask: Callable[[], _T]) -> _T:
    """Return what ``ask`` returns; where its answer is torn or cannot be parsed, ask twice more."""
    from botocore.parsers import ResponseParserError

    for _ in range(_TORN_RETRIES):
        try:
            return ask()
        except (TornAnswer, ResponseParserError):
            continue
    return ask()


def check_body(
    operation_model: Any, response_dict: Any, customized_response_dict: Any = None, **_: Any
) -> None:
    """Raise TornAnswer when the body of a good answer does not end as it has to.

    botocore takes a truncated listing for a failure of the service, and stumbles over JSON that is no object.
    Listings of `checks.aws.pages.own_pages` are parsed here, and botocore is left nothing to parse.
    """
    operation = operation_model.name
    if response_dict["status_code"] >= 300 or not (operation == LISTING or operation in _MUST_HOLD):
        return
    body = response_dict["body"].strip()
    if operation == LISTING:
        is_page = is_listing(body)
        if is_page and is_own() and customized_response_dict is not None:
            customized_response_dict["Page"] = parse_page(body)
            response_dict["body"] = SKELETON
            return
        is_whole = is_page or b"<Error>" in body
    else:
        is_whole = body.startswith(b"{") and body.endswith(b"}")
    if not is_whole:
        raise TornAnswer(
            operation, "its body is empty" if not body else "its body ends early or is something else"
        )


def check_whole(parsed: Any, model: Any, http_response: Any, **_: Any) -> None:
    """Raise TornAnswer when a good answer lacks what a whole one must hold.

    S3: see `checks.aws.pages.parse_page`. Glue: the list or object that the operation is asked for.
    """
    if http_response.status_code >= 300 or "Page" in parsed:
        return
    operation = model.name
    if operation == LISTING:
        found = len(parsed.get("Contents", ())) + len(parsed.get("CommonPrefixes", ()))
        lacks = lacks_of_page(
            parsed.get("KeyCount"), parsed.get("IsTruncated"), parsed.get("NextContinuationToken"), found
        )
    else:
        member = _MUST_HOLD.get(operation)
        lacks = f"it holds no {member}" if member is not None and parsed.get(member) is None else None
    if lacks is not None:
        raise TornAnswer(operation, lacks)


_MUST_HOLD = {
    "GetPartitions": "Partitions",
    "BatchGetPartition": "Partitions",
    "GetTables": "TableList",
    "GetTable": "Table",
    "GetDatabases": "DatabaseList",
    "GetDatabase": "Database",
}


def parse_instant(value: Any) -> datetime:
    """Return a service's timestamp as an instant in UTC.

    ISO 8601 with a Z, as in each S3 listing, is read without dateutil, which takes two thirds of the time of
    a listing. Raises ValueError for what is no timestamp.
    """
    if isinstance(value, str) and value.endswith("Z"):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    if isinstance(value, int | float):  # as Glue writes them
        return datetime.fromtimestamp(value, UTC)
    from botocore.utils import parse_timestamp

    slow: datetime = parse_timestamp(value)
    return slow.astimezone(UTC)
