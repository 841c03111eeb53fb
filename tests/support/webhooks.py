"""A webhook that a config comes to, and what its receiver answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checks.channels import channel_of
from checks.config import load
from tests.support.report_cases import ORDERS, missing, report_of
from tests.support.stub_http import Answer, Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from checks.channels import Channel


KEY = "a-secret-that-nobody-may-see"
PATH = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXX"
OK = Answer(b"ok")
FORMS = ("json", "slack", "teams", "pagerduty")


def hook(form: str, url: str, monkeypatch: pytest.MonkeyPatch) -> Channel:
    """The channel that a config comes to."""
    monkeypatch.setenv("WEBHOOK_URL", f"{url}{PATH}")
    block = {"url": "env:WEBHOOK_URL", "as": form}
    if form in {"json", "pagerduty"}:
        block["secret"] = "env:KEY"
    routes = [{"match": {"table": "*"}, "webhook": block}]
    config = load({"version": 1, "tables": [{"table": "a.b"}], "routes": routes}, environ={})
    return channel_of(config.routes[0].target)


def answering(*answers: Answer) -> Callable[[Asked], Answer]:
    """Give one answer after the other, the last one from then on."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def one_item() -> Any:
    return report_of([replace(ORDERS, items=missing("2026-11-22"))])


def assert_hides(text: str) -> None:
    for secret in (KEY, PATH, "XXXXXXXXXXXXXXXX", "T00000000"):
        assert secret not in text, text
