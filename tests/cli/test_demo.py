"""The demo prints what its reader would get by email, and the pages show that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARK = "<!-- email: kept by tests/cli/test_demo.py -->\n```text\n"
EXCERPT = "<!-- excerpt: kept by tests/cli/test_demo.py -->\n```text\n"


@pytest.fixture(scope="module")
def output() -> str:
    """What ``checks demo`` prints, in a folder of its own and signed in to nothing."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "checks.cli", "demo"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environ,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def emails(output: str) -> list[str]:
    found = re.findall(r"^Subject: .*?(?=^={20,}$)", output, re.DOTALL | re.MULTILINE)
    return [re.sub(r"tables in [^,]+, ", "tables in 2 s, ", email).strip() for email in found]


def test_it_prints_the_emails_of_two_days(output: str) -> None:
    first, second = emails(output)
    assert first.splitlines()[0] == "Subject: [S3 tables] 6 new, 1 unknown, 7 fresh - demo, Tue 24 Nov"
    assert (
        second.splitlines()[0]
        == "Subject: [S3 tables] 1 new, 3 still failing, 1 unknown, 9 fresh - demo, Wed 25 Nov"
    )


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (0, "CRITICAL sales.refunds (partitions)"),
        (0, "ALTER TABLE sales.invoices ADD IF NOT EXISTS PARTITION (dt = '2026-11-23')"),
        (0, "CRITICAL web.sessions (freshness)"),
        (0, "CRITICAL crm.contacts (freshness)"),
        (0, "allow s3:ListBucket on arn:aws:s3:::acme-finance-vault"),
        (1, "NEW (1 table)"),
        (1, "STILL FAILING (3 tables)"),
        (1, "RESOLVED (3 tables)"),
    ],
)
def test_it_shows_what_a_data_engineer_knows(day: int, told: str, output: str) -> None:
    assert told in emails(output)[day]


def test_well_tables_are_not_told(output: str) -> None:
    for table in ("sales.orders", "finance.exchange_rates", "finance.ledger", "web.clicks", "acme-raw"):
        assert table not in output


def excerpt(email: str) -> str:
    """Return what README shows of an email: its subject, what is new, the first of what goes on, and the proof."""
    parts = email.split("\n\n")
    first = next(number for number, part in enumerate(parts) if part.startswith("NEW ("))
    going_on = next(number for number, part in enumerate(parts) if part.startswith("STILL FAILING ("))
    item = re.split(r"\n(?=CRITICAL )", parts[going_on + 1])[0]
    return "\n\n".join(
        [email.splitlines()[0], *parts[first : going_on + 1], f"{item}\n[...]\n{email.splitlines()[-1]}"]
    )


@pytest.mark.parametrize(("page", "mark"), [("docs/getting-started.md", MARK), ("README.md", EXCERPT)])
def test_pages_show_the_second_email_as_it_is(page: str, mark: str, output: str) -> None:
    """After a change of sentences: UPDATE_GOLDEN=1 writes the email into them."""
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    start = text.index(mark) + len(mark)
    end = text.index("```", start)
    email = emails(output)[1]
    shown = (excerpt(email) if mark == EXCERPT else email) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text[:start] + shown + text[end:], encoding="utf-8")
        return
    assert text[start:end] == shown
