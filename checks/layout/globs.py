"""Globs that say which objects are data: what is written for one and can be none, with what to write instead. Pure."""

from __future__ import annotations

import re

from checks.layout.suffixes import COMPRESSIONS, FORMATS

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_REGULAR = (
    (re.compile(r"\\"), "a backslash"),
    (re.compile(r"^\^|\$$"), "^ or $"),
    (re.compile(r"^\.[*+]|[.\])][+?](?!\w)|\.\+"), ".* or .+"),
    (re.compile(r"\([^()]*\|[^()]*\)|\(\?"), "a group"),
    (re.compile(r"[\])]\{\d|\.\{\d"), "a repetition"),
)
"""What regular expressions have and names of objects hardly ever."""


def refuse_no_glob(text: str) -> str:
    """Return the glob; raise ValueError with what to write where no object can match it, or it means something else."""
    if "://" in text:
        rest = text.partition("://")[2].partition("/")[2].rpartition("/")[2] or "*"
        raise ValueError(f"{text!r} is a whole URI; globs count from the location: write {rest!r}")
    if text.startswith("!"):
        raise ValueError(f"{text!r} looks like a negation; write ignore: [{text[1:]!r}] beside it")
    if text.startswith("/"):
        raise ValueError(
            f"{text!r} begins at a root; globs count from the location: write {text.lstrip('/')!r}"
        )
    for found, what in _REGULAR:
        if found.search(text):
            message = f"{text!r} looks like a regular expression ({what}); write a glob: {_glob_of(text)!r}"
            raise ValueError(message)
    if "**" in text:
        plain = re.sub(r"\*{2,}", "*", re.sub(r"(^|/)\*{2,}/", r"\1", text))
        raise ValueError(f"{text!r} has **; * crosses slashes here: write {plain!r}")
    if _BRACES.search(text):
        raise ValueError(f"{text!r} has alternatives in braces; write each: {_listed(_spelled_out(text))}")
    parts = [part.strip() for part in re.split(r"[,;|]", text)]
    if len(parts) > 1 and all("*" in part or part.startswith(".") for part in parts):
        raise ValueError(f"{text!r} holds several; write each: {_listed(parts)}")
    return _refuse_single(text)


def _refuse_single(text: str) -> str:
    if text.endswith("/"):
        raise ValueError(f"{text!r} is a folder, and names are looked at; write {text + '*'!r}")
    if "%" in text and not set("*?[") & set(text):
        told = re.sub(r"%-?[A-Za-z]|%", "*", text)
        raise ValueError(
            f"{text!r} has %, which stands for itself; write {re.sub(r'[*](-?[*])+', '*', told)!r}"
        )
    last = text.rpartition("/")[2]
    if "/" not in text and last.startswith((".", "_")):
        message = f"{text!r} matches only names that begin with {last[0]!r}, which are no data"
        raise ValueError(f"{message}; write {'*' + text!r}")
    if text.lower() in FORMATS or text.lower() in COMPRESSIONS:
        raise ValueError(f"{text!r} matches an object of that name alone; write {'*.' + text!r}")
    return text


def _glob_of(text: str) -> str:
    """Return a glob that means about what a regular expression means."""
    told = re.sub(r"^\^|\$$", "", text)
    told = re.sub(r"\(\?[:a-zA-Z]*", "(", told)
    told = re.sub(r"\\[dwsS](\{\d+(,\d*)?\}|[+*?])?", "*", told)
    told = re.sub(r"\[[^\]]*\](\{\d+(,\d*)?\}|[+*?])", "*", told)
    told = re.sub(r"\.(\{\d+(,\d*)?\}|[+*?])", "*", told)
    told = re.sub(r"\([^()]*\)[+*?]?", "*", told)
    told = re.sub(r"\\+", "", told)
    return re.sub(r"\*{2,}", "*", told) or "*"


def _spelled_out(text: str) -> list[str]:
    found = _BRACES.search(text)
    if found is None:
        return [text]
    start, end = text[: found.start()], text[found.end() :]
    return [each for part in found[1].split(",") for each in _spelled_out(start + part.strip() + end)][:8]


def _listed(globs: list[str]) -> str:
    quoted = ", ".join(f'"{each if "*" in each else "*" + each}"' for each in globs)
    return f"[{quoted}]"
