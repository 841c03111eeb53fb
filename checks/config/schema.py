"""The config's JSON Schema, so that editors complete keys and mark mistakes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic.json_schema import GenerateJsonSchema

from checks.config.keys import File
from checks.config.loading import OWN_KEYS
from checks.config.merging import OFF
from checks.config.targets import Targets
from checks.rules import CHECKS
from checks.schedule.durations import write_duration
from checks.schedule.periods import Every

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from checks.rules.base import CheckConfig

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = r"\$\{"
_TEXTS = ("description", "examples", "default", "title")


class _Generator(GenerateJsonSchema):
    ignored_warning_kinds: ClassVar[set[Any]] = {"skipped-choice", "non-serializable-default"}  # type: ignore[misc] # a set of words

    def encode_default(self, dft: object) -> Any:
        """Write a default as it would stand in a config."""
        if isinstance(dft, timedelta):
            return write_duration(dft)
        if isinstance(dft, ZoneInfo):
            return dft.key
        return str(dft) if isinstance(dft, Every) else super().encode_default(dft)


def json_schema(checks: Mapping[str, type[CheckConfig]] = CHECKS) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a config with these checks.

    Wherever a value is not free text, ``${VAR}`` may stand too.
    """
    schema = _schema_of(File)
    definitions = schema["$defs"]
    blocks = {name: _block(check, definitions) for name, check in checks.items()}
    definitions["EntryBlock"]["properties"] |= blocks
    definitions["EntryBlock"]["oneOf"] = [{"required": ["table"]}, {"required": ["prefix"]}]
    schema["properties"]["defaults"] |= {"properties": blocks, "additionalProperties": False}
    schema["properties"]["tables"]["minItems"] = 1
    schema["patternProperties"] = {
        f"^{OWN_KEYS}": {"description": "A key of your own, such as a home for anchors."}
    }
    definitions["Match"]["minProperties"] = 1
    definitions["Route"]["oneOf"] = [{"required": [key]} for key in Targets.model_fields]
    cleaned: dict[str, Any] = _clean(schema)
    return {"$schema": _DIALECT, "title": "s3-table-monitor", **cleaned}


def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(schema_generator=_Generator)


def _block(check: type[CheckConfig], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a check's block, or of a word in place of it."""
    own = _schema_of(check)
    definitions |= own.pop("$defs", {})
    description = own.get("description", "")
    definitions[check.__name__] = own
    words = [word for word in (OFF, check.short_form) if word]
    return {
        "description": f"{description} off turns the check off.".strip(),
        "examples": [check.example(), *words],
        "anyOf": [{"$ref": f"#/$defs/{check.__name__}"}, {"enum": words}],
    }


def _clean(node: Any) -> Any:
    """Take out what the loader does not accept (null) or an editor does not need, and let variables stand."""
    if isinstance(node, list):
        return [_clean(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = dict(node)
    if isinstance(node.get("title"), str):
        del node["title"]
    if node.get("default", ...) is None or node.get("default") in ([], {}):
        del node["default"]
    alternatives = [each for each in node.get("anyOf", ()) if each != {"type": "null"}]
    if alternatives:
        node["anyOf"] = alternatives
    if len(alternatives) == 1:
        del node["anyOf"]
        node = {**alternatives[0], **node}
    if "const" in node or "enum" in node or node.get("type") in ("integer", "number", "boolean"):
        return _with_variable(node)
    if "pattern" in node:
        node["pattern"] = f"(?:{node['pattern']})|{_VARIABLE}"
    elif node.get("format") == "date":
        node["pattern"] = rf"^\d{{4}}-\d{{2}}-\d{{2}}$|{_VARIABLE}"
        del node["format"]
    return {
        key: value
        if key in _TEXTS
        else _clean_properties(value)
        if key in ("properties", "$defs")
        else _clean(value)
        for key, value in node.items()
    }


def _clean_properties(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: _clean(schema) for name, schema in properties.items()}


def _with_variable(node: dict[str, Any]) -> dict[str, Any]:
    told = {key: node.pop(key) for key in _TEXTS if key in node}
    return {**told, "anyOf": [node, {"type": "string", "pattern": _VARIABLE}]}
