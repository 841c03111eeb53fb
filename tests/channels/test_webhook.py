"""Posts to webhooks: what is sent, how it is signed, and what receivers answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.channels import https, webhook
from checks.channels.kept_secrets import SecretUnavailable
from checks.report import as_json, slack, teams
from tests.support.report_cases import CASES, ORDERS, first_day, report_of
from tests.support.stub_http import Answer, stub
from tests.support.webhooks import FORMS, KEY, OK, PATH, answering, assert_hides, hook, one_item

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("quick")


def test_the_report_is_signed_so_that_anybody_with_the_secret_can_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = first_day()
    with stub(answering(OK)) as receiver:
        before = int(time.time())  # noqa: TID251 - the receiver's clock
        delivery = hook("json", receiver.url, monkeypatch).deliver(report)
    assert delivery.ok, delivery.problem
    (asked,) = receiver.asked
    assert (asked.method, asked.path) == ("POST", PATH)
    assert json.loads(asked.body) == as_json.document(report)
    headers = asked.headers
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert before <= int(headers["webhook-timestamp"]) <= before + 60
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + asked.body
    mac = base64.b64encode(hmac.digest(KEY.encode(), signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert KEY not in json.dumps(headers) + asked.body.decode()


def test_the_signature_is_that_of_the_specification() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = webhook.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=50), st.text("abc", min_size=1), st.integers(0, 2**31))
def test_a_signature_is_of_id_time_and_body_together(body: bytes, message_id: str, at: int) -> None:
    made = webhook.signature(KEY, message_id, at, body)
    assert made == webhook.signature(KEY, message_id, at, body)
    others = (
        webhook.signature(KEY, message_id, at + 1, body),
        webhook.signature(KEY, f"{message_id}x", at, body),
        webhook.signature(KEY, message_id, at, body + b" "),
        webhook.signature(f"{KEY}x", message_id, at, body),
    )
    assert made not in others


def test_a_secret_that_is_no_base64_is_told_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub(answering(OK)) as receiver:
        channel = hook("json", receiver.url, monkeypatch)
        monkeypatch.setenv("KEY", "whsec_not base64!".replace(" ", ""))
        delivery = channel.deliver(first_day())
    assert receiver.asked == []
    assert "is no base64" in delivery.problem
    with pytest.raises(SecretUnavailable):
        webhook.key_of("whsec_!")


def test_each_try_has_the_same_id(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub(answering(Answer(status=503), OK)) as receiver:
        assert hook("json", receiver.url, monkeypatch).deliver(first_day()).ok
    first, second = receiver.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


@pytest.mark.parametrize(("form", "message"), [("slack", slack.message), ("teams", teams.message)])
def test_chats_get_their_form(
    form: str, message: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with stub(answering(OK)) as receiver:
        assert hook(form, receiver.url, monkeypatch).deliver(CASES["second_day"]).ok
    (asked,) = receiver.asked
    assert json.loads(asked.body) == message(CASES["second_day"])
    assert "webhook-signature" not in asked.headers


def test_a_huge_report_is_cut_and_still_signed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_of([replace(ORDERS, table=f"a.t{number}") for number in range(2000)])
    with stub(answering(OK)) as receiver:
        assert hook("json", receiver.url, monkeypatch).deliver(report).ok
    (asked,) = receiver.asked
    assert len(asked.body) <= webhook.JSON_LONGEST
    document = json.loads(asked.body)
    assert document["left_out"] + len(document["findings"]) == 2000


# What receivers answer


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_be_well_soon_is_tried_again(
    form: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stub(answering(Answer(status=status), Answer(status=status), OK)) as receiver:
        delivery = hook(form, receiver.url, monkeypatch).deliver(one_item())
    assert delivery.ok, delivery.problem
    assert len(receiver.asked) == 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("status", "tries"), [(400, 1), (401, 1), (403, 1), (404, 1), (410, 1), (500, 4), (429, 4)]
)
def test_what_stays_refused_is_told_without_any_secret(
    form: str, status: int, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = KEY if form in {"json", "pagerduty"} else ""
    said = f"no_service at {PATH} with {used} \x1b[31m\n".encode()
    with stub(answering(Answer(said, status=status))) as receiver:
        delivery = hook(form, receiver.url, monkeypatch).deliver(one_item())
    assert not delivery.ok
    assert len(receiver.asked) == tries
    assert str(status) in delivery.problem
    assert f"webhook {form} at env:WEBHOOK_URL" in delivery.problem
    assert_hides(delivery.problem)
    assert "no_service" in delivery.problem


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with stub(answering(OK)) as elsewhere:
        moved = Answer(status=status, headers={"Location": f"{elsewhere.url}/stolen"})
        with stub(answering(moved)) as receiver:
            delivery = hook("json", receiver.url, monkeypatch).deliver(first_day())
        assert elsewhere.asked == []
    assert f"answers with a redirect ({status}), which is not followed" in delivery.problem


def test_what_the_receiver_asks_to_wait_is_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub(answering(Answer(status=429, headers={"Retry-After": "1"}), OK)) as receiver:
        started = time.monotonic()
        assert hook("slack", receiver.url, monkeypatch).deliver(first_day()).ok
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize("asked", ["3600", "99999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_what_asks_for_more_than_there_is_is_not_waited_for(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stub(answering(Answer(status=429, headers={"Retry-After": asked}))) as receiver:
        delivery = hook("slack", receiver.url, monkeypatch).deliver(first_day())
    assert len(receiver.asked) == 1
    assert "takes no more messages for now (429)" in delivery.problem


def test_no_try_begins_beyond_the_time_that_the_run_has(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub(answering(Answer(status=503, headers={"Retry-After": "5"}))) as receiver:
        started = time.monotonic()
        delivery = hook("slack", receiver.url, monkeypatch).deliver(first_day(), started + 2)
        assert time.monotonic() - started < 2
    assert not delivery.ok
    assert len(receiver.asked) == 1


@pytest.mark.parametrize(
    ("asked", "attempt", "wait_s"),
    [
        ("", 0, 0.01),
        ("", 3, 0.08),
        ("7", 0, 7),
        (" 7 ", 0, 7),
        ("-7", 0, 0.01),
        ("7.5", 0, 0.01),
        ("soon", 0, 0.01),
        ("\u0667", 0, 0.01),
        ("Mon, 23 Nov 2020 06:30:00 GMT", 0, 0.01),
    ],
)
def test_how_long_is_waited(asked: str, attempt: int, wait_s: float) -> None:
    assert https._wait_s(asked, attempt) == pytest.approx(wait_s)


def test_a_date_is_waited_for() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)  # noqa: TID251 - the receiver's clock
    assert 25 < https._wait_s(format_datetime(soon, usegmt=True), 0) <= 30


@pytest.mark.parametrize("kind", ["hangs", "drips", "breaks off", "is not there", "speaks no HTTP"])
def test_a_receiver_that_does_not_answer_costs_a_bounded_time(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(https, "ATTEMPT_S", 0.3)
    answers = {
        "hangs": Answer(hang_s=30),
        "drips": Answer(b"x" * 500, drip_s=0.1, status=500),
        "breaks off": Answer(b"x", length=100, reset=True, status=500),
        "is not there": OK,
        "speaks no HTTP": Answer(headers={"X\r\n\r\n": "y"}, status=0),
    }
    with stub(answering(answers[kind])) as receiver:
        channel = hook("slack", receiver.url, monkeypatch)
        if kind == "is not there":
            monkeypatch.setenv("WEBHOOK_URL", f"http://127.0.0.1:1{PATH}")
        started = time.monotonic()
        delivery = channel.deliver(first_day())
        assert time.monotonic() - started < 8
    assert not delivery.ok
    assert_hides(delivery.problem)


def test_an_answer_is_read_to_a_bound_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub(answering(Answer(b"x" * (50 << 20), status=400))) as receiver:
        delivery = hook("slack", receiver.url, monkeypatch).deliver(first_day())
    assert len(delivery.problem) < 400


def test_an_answer_that_never_ends_was_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https, "ATTEMPT_S", 1.0)
    with stub(answering(Answer(b"", length=1 << 40))) as receiver:
        assert hook("slack", receiver.url, monkeypatch).deliver(first_day()).ok
    assert len(receiver.asked) == 1
