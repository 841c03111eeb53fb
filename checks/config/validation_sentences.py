"""Turn what pydantic says into sentences for people: what is wrong, and what to write."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from checks.config.other_names import here_for
from checks.rules.key_types import MistakesBelow, show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from checks.config.mistakes import Path

_PREFERRED = ("extra_forbidden", "missing", "value_error", "literal_error")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean max_age?`` with what is known, or only that."""
    names = sorted(known)
    near = get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    listed = ", ".join(names) or "none"
    return f"did you mean {near[0]}? (known: {listed})" if near else f"known are: {listed}"


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Say that a key is not known, with the nearest one that is."""
    names = set(known)
    instead = here_for(key, names)
    if instead:
        return f"{show(key)} is not known here; {instead} (known: {', '.join(sorted(names))})"
    return f"{show(key)} is not known here; {did_you_mean(key, names)}"


def sentences(
    error: ValidationError, model: type[BaseModel], known: Iterable[str] = ()
) -> list[tuple[Path, str]]:
    """Return a path below the model and a sentence for each mistake, one a path.

    ``known`` are keys that may stand there besides those of the model.
    """
    chosen: dict[Path, ErrorDetails] = {}
    for details in error.errors(include_url=False):
        path: Path = details["loc"]
        if path not in chosen or _worth(details) < _worth(chosen[path]):
            chosen[path] = details
    told: list[tuple[Path, str]] = []
    for path, details in chosen.items():
        cause = details.get("ctx", {}).get("error")
        if isinstance(cause, MistakesBelow):
            told += [((*path, *below), sentence) for below, sentence in of_mistakes(cause)]
        else:
            told.append((path, _sentence(details, model, known)))
    return told


def of_mistakes(error: ValueError) -> list[tuple[Path, str]]:
    """Return the paths below, and the sentences, of what was raised with a sentence, or of several that it holds."""
    if not isinstance(error, MistakesBelow):
        return [((), str(error))]
    told: list[tuple[Path, str]] = []
    for below, mistake, model in error.found:
        if isinstance(mistake, ValidationError) and model is not None:
            told += [((*below, *path), sentence) for path, sentence in sentences(mistake, model)]
        else:
            told.append((below, str(mistake)))
    return told


def _worth(details: ErrorDetails) -> int:
    kind = details["type"]
    return _PREFERRED.index(kind) if kind in _PREFERRED else len(_PREFERRED)


def _sentence(details: ErrorDetails, model: type[BaseModel], known: Iterable[str]) -> str:
    kind, value, path = details["type"], show(details["input"]), details["loc"]
    limits: dict[str, Any] = details.get("ctx", {})
    key = str(path[-1]) if path else ""
    if kind == "value_error":
        return str(limits["error"])
    if kind == "extra_forbidden":
        return unknown_key(key, {*_keys_at(model, path[:-1]), *(known if len(path) == 1 else ())})
    if kind == "missing":
        return f"{key} is missing; write it{_example(model, path)}"
    if kind in {"literal_error", "enum"}:
        choices = str(limits["expected"]).replace("'", "").replace(" or ", ", ")
        if choices == "True":
            return f"{value} is not true; write {key}: true, or take it out"
        return f"{value} is none of the words that may stand here; write one of: {choices}"
    if kind in _BOUNDS:
        fault, advice, bound = _BOUNDS[kind]
        return f"{value} is {fault}; write {advice} {limits[bound]}"
    if kind.startswith(("model", "dict")):
        return f"{value} is not a block of keys; write keys below it{_example(model, path)}"
    what = next((what for start, what in _EXPECTED if kind.startswith(start)), "what may stand here")
    return f"{value} is not {what}; write one{_example(model, path)}"


_BOUNDS = {
    "greater_than_equal": ("too small", "at least", "ge"),
    "greater_than": ("too small", "more than", "gt"),
    "less_than_equal": ("too large", "at most", "le"),
    "less_than": ("too large", "less than", "lt"),
}
_EXPECTED = (
    ("string", "text"),
    ("int", "a whole number"),
    ("float", "a number"),
    ("bool", "true or false"),
    ("list", "a list"),
    ("tuple", "a list"),
    ("date", "a date"),
)


def _keys_at(model: type[BaseModel], path: Path) -> set[str]:
    """Return the keys of the model that stands at the path below another."""
    for part in path:
        field = _fields(model).get(str(part))
        inner = _model_in(field.annotation) if field is not None else None
        model = inner or model
    return set(_fields(model))


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model by their keys in a config."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if hasattr(annotation, "model_fields"):
        found: type[BaseModel] = annotation
        return found
    inner = (_model_in(each) for each in getattr(annotation, "__args__", ()))
    return next((each for each in inner if each is not None), None)


def _example(model: type[BaseModel], path: Path) -> str:
    """Return ``, such as max_age: 24h`` where the key at the path has an example."""
    for part in path:
        field = _fields(model).get(str(part))
        if field is None:
            continue
        inner = _model_in(field.annotation)
        if part != path[-1] and inner is not None:
            model = inner
        elif field.examples:
            return f", such as {part}: {write_example(field.examples[0])}"
    return ""


def write_example(value: object) -> str:
    """Write an example as it would stand in a config."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {write_example(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(write_example, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
