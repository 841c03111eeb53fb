"""Where routes lead: what is taken, what is refused with a sentence, and that nothing shows a secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.config import ConfigErrors, load
from checks.config.targets import Address, Reference, parse_reference, parse_url, url_problem

TOPIC = "arn:aws:sns:eu-west-1:123456789012:finance-data"
SECRET = "T00000000-B00000000-hunter2hunter2"


def route(**target: Any) -> Any:
    config = load(
        {"version": 1, "tables": [{"table": "a.b"}], "routes": [{"match": {"table": "*"}, **target}]},
        environ={},
    )
    return config.routes[0]


def mistake(**target: Any) -> str:
    with pytest.raises(ConfigErrors) as told:
        route(**target)
    return str(told.value)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"topic": TOPIC}, f"topic {TOPIC}"),
        ({"chat": TOPIC}, f"chat {TOPIC}"),
        ({"eventbridge": "default"}, "eventbridge default"),
        ({"file": "reports/finance.html"}, "file reports/finance.html"),
        ({"file": "s3://ops/finance.json"}, "file s3://ops/finance.json"),
        ({"webhook": {"url": "env:SLACK_URL", "as": "slack"}}, "webhook slack at env:SLACK_URL"),
        ({"webhook": {"url": "ssm:/a/b", "as": "teams"}}, "webhook teams at ssm:/a/b"),
        (
            {"webhook": {"url": "https://hooks.example.com:8443/x", "secret": "env:KEY"}},
            "webhook json at hooks.example.com (37dae46e) with env:KEY",
        ),
        (
            {"webhook": {"as": "pagerduty", "secret": "env:KEY"}},
            "webhook pagerduty at PagerDuty with env:KEY",
        ),
        (
            {"webhook": {"as": "pagerduty", "secret": "secretsmanager:a/b#key", "url": "env:EU"}},
            "webhook pagerduty at env:EU with secretsmanager:a/b#key",
        ),
    ],
)
def test_what_a_route_leads_to(target: dict[str, Any], said: str) -> None:
    assert str(route(**target).target) == said


def test_a_variable_of_the_file_may_name_a_place() -> None:
    config = {
        "version": 1,
        "tables": [{"table": "a.b"}],
        "routes": [{"match": {"table": "*"}, "webhook": {"url": "${WHERE}", "as": "slack"}}],
    }
    loaded = load(config, environ={"WHERE": "ssm:/prod/slack"})
    assert str(loaded.routes[0].target) == "webhook slack at ssm:/prod/slack"
    with pytest.raises(ConfigErrors) as told:
        load(config, environ={"WHERE": f"https://hooks.slack.com/services/{SECRET}"})
    assert SECRET not in str(told.value)
    assert "write where it is kept" in str(told.value)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({}, "routes[0]: names no target; write one of topic, chat, eventbridge, webhook, file"),
        ({"topic": TOPIC, "chat": TOPIC}, "names topic and chat; write a route of its own for each"),
        ({"eventbridge": "a b"}, "routes[0].eventbridge: 'a b' is not an event bus; write default"),
        ({"file": "reports/"}, "routes[0].file: 'reports/' names no file"),
        ({"file": "s3://ops"}, "routes[0].file: 's3://ops' names no file"),
        ({"file": "s3://ops/a/"}, "names no file; write a path or an object, such as s3://"),
        ({"chat": f"{TOPIC}.fifo"}, "is a FIFO topic"),
        (
            {"webhook": {"as": "slack"}},
            "routes[0].webhook: names no url; write one, such as url: env:WEBHOOK_URL",
        ),
        ({"webhook": {"url": "env:A"}}, "names no secret, what it is signed with; write where it is kept"),
        ({"webhook": {"as": "pagerduty"}}, "names no secret, the integration key of the service"),
        (
            {"webhook": {"as": "teams", "url": "env:A", "secret": "env:B"}},
            "has a secret that teams does not use: its url is the secret; take it out",
        ),
        ({"webhook": {"as": "discord", "url": "env:A"}}, "write one of: json, slack, teams, pagerduty"),
        ({"webhook": {"urll": "env:A"}}, "'urll' is not known here; did you mean url?"),
        (
            {"webhook": {"url": "env:A B", "as": "slack"}},
            "names no variable; write such as env:WEBHOOK_SECRET",
        ),
        (
            {"webhook": {"url": "ssm:a b", "as": "slack"}},
            "names no parameter; write such as ssm:/table-monitor",
        ),
        (
            {"webhook": {"url": "secretsmanager:a#", "as": "slack"}},
            "names no secret; write such as secretsmanager:",
        ),
    ],
)
def test_what_is_wrong_is_told_with_what_to_write(target: dict[str, Any], said: str) -> None:
    assert said in mistake(**target)


@pytest.mark.parametrize(
    "target",
    [
        {"webhook": SECRET},
        {"webhook": [SECRET]},
        {"webhook": f"https://hooks.slack.com/services/{SECRET}"},
        {"webhook": {"url": f"https://hooks.slack.com/services/{SECRET}", "as": "slack"}},
        {"webhook": {"url": f"https://hooks.slack.com/services/{SECRET}", "secret": "env:A"}},
        {"webhook": {"url": f"https://x.webhook.office.com/{SECRET}", "secret": "env:A"}},
        {"webhook": {"url": f"https://prod-1.westeurope.logic.azure.com/{SECRET}", "secret": "env:A"}},
        {"webhook": {"url": f"https://chat.example.com/{SECRET}", "as": "slack"}},
        {"webhook": {"url": f"https://x.example.com/?sig={SECRET}", "secret": "env:A"}},
        {"webhook": {"url": f"https://user:{SECRET}@x.example.com/", "secret": "env:A"}},
        {"webhook": {"url": f"http://x.example.com/{SECRET}", "secret": "env:A"}},
        {"webhook": {"url": f"https://x.example.com/ {SECRET}", "secret": "env:A"}},
        {"webhook": {"url": [SECRET], "secret": "env:A"}},
        {"webhook": {"url": {SECRET: SECRET}, "secret": "env:A"}},
        {"webhook": {"url": "env:A", "secret": SECRET}},
        {"webhook": {"url": "env:A", "secret": f"evn:{SECRET}"}},
        {"webhook": {"url": "env:A", "secret": {"value": SECRET}}},
        {"webhook": {"url": "env:A", "secret": [SECRET]}},
        {"webhook": {"url": "env:A", "secret": f"env:{SECRET} x"}},
        {"webhook": {"as": "pagerduty", "secret": SECRET}},
        {"topic": f"https://hooks.slack.com/services/{SECRET}"},
        {"chat": f"https://hooks.slack.com/services/{SECRET}"},
        {"file": f"https://hooks.slack.com/services/{SECRET}"},
        {"eventbridge": f"https://hooks.slack.com/services/{SECRET}"},
    ],
)
def test_no_mistake_shows_what_may_be_a_secret(target: dict[str, Any]) -> None:
    told = mistake(**target)
    assert SECRET not in told
    assert "write" in told


def test_nothing_that_was_read_shows_an_address() -> None:
    found = route(webhook={"url": f"https://x.example.com/{SECRET}", "secret": "env:KEY"})
    for text in (repr(found), str(found), repr(found.target), str(found.target)):
        assert SECRET not in text
    assert "x.example.com" in str(found.target)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://hooks.example.com/x", True),
        ("https://hooks.example.com:8443/x", True),
        ("https://10.1.2.3/x", True),
        ("https://[fd00::1]/x", True),
        ("https://127.0.0.1:9/x", True),
        ("http://localhost:9/x", True),
        ("http://127.0.0.1:9/x", True),
        ("http://[::1]:9/x", True),
        ("http://127.0.0.2/x", False),
        ("http://localhost.example.com/x", False),
        ("http://10.1.2.3/x", False),
        ("https://169.254.169.254/x", False),
        ("https://169.254.170.2/x", False),
        ("https://[fe80::1%25eth0]/x", False),
        ("https://0.0.0.0/x", False),
        ("https://[::]/x", False),
        ("https://224.0.0.1/x", False),
        ("HTTPS://hooks.example.com/x", True),
        ("https:///x", False),
        ("//hooks.example.com/x", False),
        ("https://h\u00f6oks.example.com/x", False),
        ("https://hooks.example.com/\n", True),
        ("https://hooks.example.com/a\nb", False),
        ("", False),
        (None, False),
    ],
)
def test_which_addresses_are_taken(url: object, is_taken: bool) -> None:  # noqa: FBT001 - a case
    assert (url_problem(url) == "") is is_taken


def sentence_of(parse: Any, text: str) -> str:
    """What is told of a text that is not taken, empty where it is."""
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return ""


@given(st.text())
def test_an_address_is_taken_or_refused_with_a_sentence(text: str) -> None:
    told = sentence_of(parse_url, text)
    assert "write" in told or "name a host" in told or isinstance(parse_url(text), Address | Reference)


@given(st.text(), st.sampled_from(["", "env:", "ssm:", "secretsmanager:"]))
def test_a_reference_is_written_as_it_is_read(text: str, kind: str) -> None:
    told = sentence_of(parse_reference, kind + text)
    if told:
        assert "write" in told
    else:
        found = parse_reference(kind + text)
        assert parse_reference(str(found)) == found


def test_a_chat_has_a_topic_of_its_own() -> None:
    other = TOPIC.replace("finance-data", "finance-chat")
    for config in (
        {"topic": TOPIC, "routes": [{"match": {"table": "*"}, "chat": TOPIC}]},
        {"routes": [{"match": {"table": "*"}, "chat": TOPIC}, {"match": {"owner": "a"}, "topic": TOPIC}]},
    ):
        with pytest.raises(ConfigErrors) as told:
            load({"version": 1, "tables": [{"table": "a.b"}], **config}, environ={})
        assert (
            "routes[0].chat: is a topic that gets mails, and a chat shows none of them; make another"
            in str(told.value)
        )
        config["routes"][0]["chat"] = other  # type: ignore[index]
        load({"version": 1, "tables": [{"table": "a.b"}], **config}, environ={})
