"""What the documentation shows works as it is written."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import checks
from checks import cli
from checks.config import load
from checks.iam import DIRECTORY, NEEDED_BY_KEYS, registry
from checks.rules import CHECKS

if TYPE_CHECKING:
    from checks.config import Config

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "examples/README.md",
    *(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
]
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def loaded(text: str, folder: Path) -> Config:
    """Load a config as a reader would who copied it and set no variable."""
    path = folder / "checks.yml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ={})


def test_readmes_config_loads_as_it_stands(tmp_path: Path) -> None:
    (example,) = blocks("README.md", "yaml")
    config = loaded(example, tmp_path)
    assert (config.settings.topic, config.notes) == (None, ())
    orders = config.resolve(None, "sales", "orders")
    assert orders is not None
    assert (orders.entry.owner, [rule.check for rule in orders.rules]) == ("finance-data", ["partitions"])
    refunds = config.resolve(None, "sales", "refunds")
    assert refunds is not None
    assert (refunds.entry.owner, [rule.check for rule in refunds.rules]) == ("sales-data", ["freshness"])
    assert config.resolve(None, "sales", "tmp_orders") is None


def test_readmes_config_takes_the_topic_of_the_environment(tmp_path: Path) -> None:
    (example,) = blocks("README.md", "yaml")
    path = tmp_path / "checks.yml"
    path.write_text(example, encoding="utf-8")
    topic = "arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications"
    assert load(path, environ={"TOPIC_ARN": topic}).settings.topic == topic


@pytest.mark.parametrize("page", PAGES)
def test_whole_configs_on_pages_load_as_they_stand(page: str, tmp_path: Path) -> None:
    for number, example in enumerate(blocks(page, "yaml")):
        if example.startswith("version:"):
            folder = tmp_path / str(number)
            folder.mkdir()
            assert loaded(example, folder).notes == (), example


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_validate_as_they_stand(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TOPIC_ARN", "HISTORY", "CONFIG", "TABLES", "PARTNER_EXTERNAL_ID"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["validate", "--config", str(path)]) == 0
    told = capsys.readouterr()
    assert "no mistakes" in told.out
    assert told.err == ""


def test_the_examples_are_those_that_their_page_lists() -> None:
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| \[([\w.-]+)\]", page, re.MULTILINE)) == sorted(
        path.name for path in EXAMPLES
    )


def test_the_config_that_discovery_is_told_by_loads(tmp_path: Path) -> None:
    (example,) = blocks("docs/discover.md", "yaml")
    path = tmp_path / "checks.yml"
    path.write_text(example, encoding="utf-8")
    assert [each.id for each in load(path, environ={}).selectors()] == [
        "sales.orders",
        "sales.refunds",
        "sales.carts",
    ]


def test_readme_names_every_check_and_key_that_it_shows() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, check in CHECKS.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        for key in re.findall(r"`([a-z_]+)`", row.split("|")[3]):
            assert key in check.model_fields, key


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_that_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (ROOT / page).parent.joinpath(target).exists(), target


def anchor(heading: str) -> str:
    """Return the anchor that GitHub, and the site, give a heading."""
    words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_links_into_pages_lead_to_headings_that_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target, wanted in re.findall(r"\]\(([^)#:\s]*)#([^)\s]+)\)", text):
        path = (ROOT / page).parent / target if target else ROOT / page
        prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        anchors = {anchor(heading) for heading in re.findall(r"^#+ (.*)$", prose, re.MULTILINE)}
        assert wanted in anchors, f"{target}#{wanted}"


def keys_of(schema: object) -> set[str]:
    """Return the names of all keys that a JSON Schema knows, at any depth."""
    if isinstance(schema, list):
        return {key for each in schema for key in keys_of(each)}
    if not isinstance(schema, dict):
        return set()
    own = schema.get("properties")
    return {
        *(own if isinstance(own, dict) else ()),
        *(key for each in schema.values() for key in keys_of(each)),
    }


def test_every_key_of_the_config_stands_in_its_reference() -> None:
    from checks.config.schema import json_schema

    page = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    keys = keys_of(json_schema())
    assert {"remind_every", "business_day", "calendar_of", "due_from", "also_open", "external_id"} <= keys
    assert keys - told == set()


def test_every_command_and_its_options_stand_in_their_reference() -> None:
    from checks.help_topics import commands

    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for name, command in commands(cli.parser()).items():
        section = page.partition(f"## `checks {name}`\n")[2].partition("\n## ")[0]
        assert section, name
        for option in command._option_string_actions:
            assert option in {"-h", "--help"} or not option.startswith("--") or f"`{option}" in section, (
                option
            )


def commands_on(page: str) -> list[str]:
    """Return the calls of the command that a page's shell blocks show, without comments and what follows them."""
    shown = "\n".join(blocks(page, "sh")).replace("\\\n", " ")
    calls = re.findall(r"^(?:.*\| )?(checks .*)$", shown, re.MULTILINE)
    return [re.split(r"\s+#|\s[>|]|\s2>", call)[0].strip() for call in calls]


@pytest.mark.parametrize(("page", "call"), [(page, call) for page in PAGES for call in commands_on(page)])
def test_commands_that_pages_show_are_ones_that_the_command_line_takes(page: str, call: str) -> None:
    assert callable(cli.parser().parse_args(shlex.split(call)[1:]).command)


@pytest.mark.parametrize(
    "command", ["validate", "plan", "run --no-send", "schema", "iam", "init --database sales"]
)
def test_readme_shows_commands_that_exist(command: str) -> None:
    parsed = cli.parser().parse_args(command.split())
    assert callable(parsed.command)


def test_readme_lists_all_that_the_role_may_need_and_no_more() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## What it may do in your account")[2].partition("\n## ")[0]
    keys = {action for actions in NEEDED_BY_KEYS.values() for action in actions}
    assert set(re.findall(r"`([a-z0-9]+:[A-Za-z]+)`", section)) == {*registry.actions(), *keys, DIRECTORY}


def test_what_printing_a_policy_takes_is_told() -> None:
    page = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    monitor = set(registry.actions())
    beyond = {action for actions in registry.of_setup().values() for action in actions} - monitor
    section = page.partition("## Who runs it")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([a-z0-9]+:[A-Za-z]+)`", section)) - {"glue:GetTable"} == beyond


def test_the_picture_of_the_parts_is_that_of_the_code() -> None:
    spec = importlib.util.spec_from_file_location("architecture", ROOT / "docs" / "architecture.py")
    assert spec is not None
    assert spec.loader is not None
    architecture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(architecture)
    assert architecture.PICTURE.read_text(encoding="utf-8") == architecture.draw(), "run make architecture"


def test_contributing_tells_the_parts_in_the_order_of_the_contract() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = told["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["id"] == "layers")
    parts = [name for layer in layers for name in re.findall(r"\w+", layer)]
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| part |") : text.index("Imports go downward only")]
    rows = [line.split("|")[1] for line in table.splitlines()[2:] if line.startswith("|")]
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == parts


def test_the_public_names_are_a_contract() -> None:
    assert checks.__all__ == ["Report", "observe", "run"]
    for name in checks.__all__:
        assert getattr(checks, name).__module__ == "checks.notebook"
    from checks import expectations

    assert sorted(name for name in vars(expectations) if name.startswith("Expect")) == [
        "ExpectCatalogToMatchStorage",
        "ExpectDuePartitionsToExist",
        "ExpectEventsToBeRecent",
        "ExpectFilesToBeSound",
        "ExpectSchemaToHold",
        "ExpectTablesToBeFresh",
        "ExpectVolumeToBeUsual",
    ]


@pytest.mark.parametrize("name", ["config", "commands"])
def test_the_references_are_those_of_the_code(name: str) -> None:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    written = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    assert written == getattr(reference, name)(), "run make reference"
