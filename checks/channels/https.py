"""Posts to an address: verified TLS, no redirects, bounded tries, a bounded answer, and no secret in a sentence.

The library is urllib3, which botocore brings. What it says of an error may hold the whole address, so nothing of it is
told but the kind.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from checks import text as words
from checks.aside import GivenUp, within
from checks.config.targets import url_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from urllib3 import BaseHTTPResponse, PoolManager

ATTEMPTS = 4
ATTEMPT_S = 10.0
"""An attempt that is not through by then, however slowly it drips, is given up and made again."""
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
"""A receiver that asks for more is not waited for: what it did not get is told in the next run."""
MOST_OF_ANSWER = 64 * 1024
_SAID_LONGEST = 200
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that may be other ones soon (RFC 9110, 6585 and 8470)."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a post: ``problem`` is empty when it was taken; ``body`` is the beginning of the answer."""

    problem: str = ""
    body: str = ""

    @property
    def ok(self) -> bool:
        """True when the receiver took it."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: str
    retry_after: str


def clock() -> datetime:
    """Return the time of the machine, which a signature and a receiver's date are compared with."""
    return datetime.now(UTC)  # noqa: TID251 - the edge: an instant that only the other side's clock is compared with


def post(
    url: str,
    body: bytes,
    headers: Callable[[], Mapping[str, str]],
    *,
    what: str,
    hidden: Iterable[str] = (),
    stop_at: float | None = None,
) -> Posted:
    """Post the body until it is taken, at most four times, and never beyond ``stop_at`` (monotonic seconds).

    ``headers`` are made anew for each try. ``what`` names the receiver in sentences; none holds the address or what is
    ``hidden``.
    """
    problem = url_problem(url)
    if problem:
        return Posted(f"The address of {what} {problem}.")
    secrets = tuple(sorted({*_parts(url), *hidden}, key=len, reverse=True))
    told = ""
    for attempt in range(ATTEMPTS):
        ends = time.monotonic() + ATTEMPT_S
        answer, told = _tried(
            partial(_once, url, body, dict(headers())), ends if stop_at is None else min(ends, stop_at), what
        )
        if answer is not None:
            if 200 <= answer.status < 300:
                return Posted(body=answer.body)
            told = _refusal(answer, what, secrets)
            if answer.status not in _AGAIN:
                return Posted(told)
        wait_s = _wait_s(answer.retry_after if answer is not None else "", attempt)
        if attempt == ATTEMPTS - 1 or not _may_wait(wait_s, stop_at):
            break
        time.sleep(wait_s)
    return Posted(told)


def _tried(once: Callable[[], _Answer | str], ends: float, what: str) -> tuple[_Answer | None, str]:
    try:
        came = within(once, ends)
    except GivenUp:
        return None, f"{_start(what)} did not answer in time, so whether it got the report is not known."
    if isinstance(came, _Answer):
        return came, ""
    return (
        None,
        f"{_start(what)} could not be reached ({came}); check the network, the address and its certificate.",
    )


def _once(url: str, body: bytes, headers: Mapping[str, str]) -> _Answer | str:
    """Return the answer of one try, or what kind of error it ended with."""
    from urllib3 import Timeout
    from urllib3.exceptions import HTTPError

    try:
        with _pool(url) as pool:
            response = pool.request(
                "POST",
                url,
                body=body,
                headers=dict(headers),
                redirect=False,
                retries=False,
                timeout=Timeout(connect=ATTEMPT_S / 2, read=ATTEMPT_S),
                preload_content=False,
            )
            try:
                return _Answer(response.status, _beginning(response), response.headers.get("Retry-After", ""))
            finally:
                response.close()
    except (HTTPError, OSError, ValueError) as error:
        return type(error).__name__


def _beginning(response: BaseHTTPResponse) -> str:
    """Return the beginning of what was said; an answer that breaks off was an answer all the same."""
    from urllib3.exceptions import HTTPError

    try:
        said: bytes = response.read(MOST_OF_ANSWER, decode_content=False) or b""
    except (HTTPError, OSError):
        return ""
    return said[:MOST_OF_ANSWER].decode("utf-8", "replace")


def _pool(url: str) -> PoolManager:
    """Return a pool of its own for each try; through a proxy where the environment names one for the host."""
    from urllib.request import getproxies, proxy_bypass

    from urllib3 import PoolManager, ProxyManager

    parts = urlsplit(url)
    proxy = getproxies().get("https")
    if parts.scheme == "https" and proxy and not proxy_bypass(parts.hostname or ""):
        return ProxyManager(proxy if "://" in proxy else f"http://{proxy}", num_pools=1)
    return PoolManager(num_pools=1)


def _start(what: str) -> str:
    return what[0].upper() + what[1:]


def _refusal(answer: _Answer, what: str, secrets: tuple[str, ...]) -> str:
    said = answer.body
    for secret in secrets:
        said = said.replace(secret, "***")
    said = words.shorten(words.clean(said), _SAID_LONGEST)
    start = _start(what)
    because = f": {said}" if said else ""
    if 300 <= answer.status < 400:
        return (
            f"{start} answers with a redirect ({answer.status}), which is not followed; write where it leads."
        )
    if answer.status == 429:
        return f"{start} takes no more messages for now (429){because}"
    if answer.status in {401, 403, 404, 410}:
        return f"{start} refused the report ({answer.status}){because}; look whether its address and secret are right."
    return f"{start} refused the report ({answer.status}){because}"


def _wait_s(retry_after: str, attempt: int) -> float:
    """Return how long to wait: what the receiver asks for, in seconds or until a date, else half a second doubled."""
    own = FIRST_WAIT_S * 2.0**attempt
    asked = retry_after.strip()
    if asked.isascii() and asked.isdigit():
        return max(own, float(asked[:9]))
    try:
        return max(own, (parsedate_to_datetime(asked) - clock()).total_seconds()) if asked else own
    except (TypeError, ValueError):  # no date, or one without a zone
        return own


def _may_wait(wait_s: float, stop_at: float | None) -> bool:
    if wait_s > LONGEST_WAIT_S:
        return False
    return stop_at is None or time.monotonic() + wait_s < stop_at


def _parts(url: str) -> Iterable[str]:
    """Yield what of an address is never told: its path and query, and each longer part of them."""
    parts = urlsplit(url)
    whole = parts.path + (f"?{parts.query}" if parts.query else "")
    yield from (each for each in (url, whole, *parts.path.split("/"), parts.query) if len(each) >= 8)
