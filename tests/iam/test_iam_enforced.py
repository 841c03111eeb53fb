"""The printed policy is enough, and none of it is idle: what is taken away is missed by name, and never passes."""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from checks import cli, monitor
from checks.config import ConfigErrors
from checks.history import open_history
from checks.history.marks import FEW, add
from checks.model import Status
from tests.support.enforced import enforced
from tests.support.iam_lake import NOW, IamLake, build
from tests.support.marks import mark
from tests.support.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.support.lakes import HttpLake

CONFIG = "s3://conf/checks.yml"
NIGHT = NOW + 20 * HOUR
"""The next run, on another day: it tells everything again, and knows what was told."""
ONLY_A_HELP = {
    "glue:GetDatabase": "glue:GetTables",
    "glue:GetTable": "glue:GetTables",
    "sns:ListSubscriptionsByTopic": "sns:Publish",
}
"""Actions that nobody misses beside others while all is well: why something is not in a list, whether a topic has
subscribers. No verdict rests on them."""


@pytest.fixture
def built(lake: HttpLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IamLake:
    monkeypatch.setenv("PARTNER_ID", "not-to-be-told")
    return build(lake, tmp_path)


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> Any:
    code = cli.main(["iam", "--config", CONFIG, *options])
    told = capsys.readouterr()
    assert (code, told.err) == (0, "")
    assert "not-to-be-told" not in told.out
    return json.loads(told.out)


def story(now: datetime) -> dict[str, Any]:
    """Run once; return what came of it in words."""
    try:
        config = monitor.load_config(CONFIG, os.environ)
    except ConfigErrors as error:
        return {"refused": str(error)}
    outcome = monitor.run(config, monitor.Request(now=now), os.environ)
    return {
        "findings": {each.id: (each.status, each.severity) for each in outcome.report.findings},
        "why": {each.id: each.because for each in outcome.report.findings},
        "complaints": outcome.complaints,
        "delivered": outcome.delivered,
    }


def without(policy: Any) -> Iterator[tuple[str, Any]]:
    """Yield the policy without each of its statements, and without each action of one that has several."""
    for number, statement in enumerate(policy["Statement"]):
        less = copy.deepcopy(policy)
        del less["Statement"][number]
        yield statement["Sid"], less
        for action in statement["Action"] if len(statement["Action"]) > 1 else ():
            less = copy.deepcopy(policy)
            less["Statement"][number]["Action"].remove(action)
            yield f"{statement['Sid']} {action}", less


@pytest.mark.slow
def test_the_policy_is_enough_and_each_part_of_it_is_missed(
    built: IamLake, capsys: pytest.CaptureFixture[str]
) -> None:
    own, member = printed(capsys), printed(capsys, "--account", "partner")
    runs = []
    for now, state in ((NOW, "none"), (NIGHT, "that of the first run")):
        built.forget()
        free = story(now)
        assert free["delivered"], free["complaints"]
        assert {status for status, _ in free["findings"].values()} == {Status.PASS, Status.FAIL}
        built.forget()
        with enforced(own, member) as guard:
            limited = story(now)
        assert limited == free, guard.denied
        assert (len(built.team.mails()), len(built.route.mails())) == (1, 1), state
        runs.append((now, built.state, free))
        if built.state is None:
            built.keep()
    for what, less in without(own):
        assert is_missed(built, runs, what, less, member), what
    for what, less in without(member):
        assert is_missed(built, runs, what, own, less), what


def is_missed(built: IamLake, runs: list[Any], what: str, own: Any, member: Any) -> bool:
    """Tell whether one of the runs, the later first, says by name what it could not do; none passes what did not."""
    for now, state, free in reversed(runs):
        built.state = state
        built.forget()
        with enforced(own, member):
            seen = story(now)
        if "refused" in seen:
            assert "denied" in seen["refused"], what
            return True
        passed = {name for name, (status, _) in seen["findings"].items() if status is Status.PASS}
        assert passed <= {name for name, (status, _) in free["findings"].items() if status is Status.PASS}, (
            what
        )
        if seen != free:
            unknown = [
                why for name, why in seen["why"].items() if seen["findings"][name][0] is Status.UNKNOWN
            ]
            assert unknown or not seen["delivered"] or seen["complaints"], what
            return True
    sid, _, action = what.partition(" ")
    beside = next((each["Action"] for each in own["Statement"] if each["Sid"] == sid), ())
    return ONLY_A_HELP.get(action) in beside


def test_marks_are_read_and_kept_with_what_the_policy_allows(
    built: IamLake, capsys: pytest.CaptureFixture[str]
) -> None:
    own, member = printed(capsys), printed(capsys, "--account", "partner")
    config = monitor.load_config(CONFIG, os.environ)
    history = open_history(monitor.history_of(config, os.environ), config.known_as)
    for number in range(FEW + 1):
        silence = mark(table="*", id=f"{number:010x}", at=NOW, ends_at=NOW + 20 * HOUR)
        add(history, silence)
    with enforced(own, member):
        outcome = monitor.run(config, monitor.Request(now=NOW), os.environ)
    assert outcome.complaints == ()
    failing = [each for each in outcome.report.findings if each.status is Status.FAIL]
    assert failing
    assert all(str(each.silenced).startswith("migration, until") for each in failing)
    assert history.store.read("marks_read/prod.json", 10) is not None
