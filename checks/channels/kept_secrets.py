"""Secrets out of where the config says that they are kept: the environment, Systems Manager or Secrets Manager.

A secret is asked for at each delivery, so that one that was changed counts at once, and kept nowhere.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from checks.aws import clients, refusals
from checks.rights import Right, literal

if TYPE_CHECKING:
    from checks.config.targets import Reference
    from checks.rights import Home

PARAMETER, SECRET = "ssm:GetParameter", "secretsmanager:GetSecretValue"
IAM_ACTIONS = (PARAMETER, SECRET)
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$", re.ASCII)
"""Secrets Manager ends the ARN of each secret so (its User Guide, "Secrets Manager ARN")."""


class SecretUnavailable(Exception):  # noqa: N818 - its message is a sentence for the user
    """Raised where a secret cannot be had; the message says why, and holds nothing of it."""


def fetch(reference: Reference) -> str:
    """Return the secret, without white space around it; raise SecretUnavailable where there is none."""
    found = _FETCH[reference.kind](reference).strip()
    if not found:
        raise SecretUnavailable(f"{reference} is empty; put the secret there.")
    if not found.isascii() or not found.isprintable():
        raise SecretUnavailable(f"{reference} holds more than one line of plain characters; put one there.")
    return found


def needs(reference: Reference, home: Home) -> tuple[Right, ...]:
    """Return the right to read the secret; the environment takes none."""
    if reference.kind == "env":
        return ()
    own = f"{home.region}:{home.account_id}"
    name = reference.name
    if reference.kind == "ssm":
        whole = name if _is_arn(name) else f"arn:{home.partition}:ssm:{own}:parameter/{name.lstrip('/')}"
        return (Right(PARAMETER, literal(whole)),)
    whole = name if _is_arn(name) else f"arn:{home.partition}:secretsmanager:{own}:secret:{name}"
    ends = "" if _is_arn(name) and _SUFFIX.search(name) else "-??????"
    return (Right(SECRET, f"{literal(whole)}{ends}"),)


def _of_environment(reference: Reference) -> str:
    if reference.name not in os.environ:
        raise SecretUnavailable(f"The variable {reference.name} is not set; set it to the secret.")
    return os.environ[reference.name]


def _of_parameter(reference: Reference) -> str:
    client = clients.client("ssm", _region(reference.name))
    answer, error = refusals.attempt(lambda: client.get_parameter(Name=reference.name, WithDecryption=True))
    if error is not None:
        raise SecretUnavailable(_refused(error, f"the parameter {reference.name}", PARAMETER))
    return str(answer.get("Parameter", {}).get("Value", ""))


def _of_secrets_manager(reference: Reference) -> str:
    client = clients.client("secretsmanager", _region(reference.name))
    answer, error = refusals.attempt(lambda: client.get_secret_value(SecretId=reference.name))
    if error is not None:
        raise SecretUnavailable(_refused(error, f"the secret {reference.name}", SECRET))
    text = str(answer.get("SecretString") or "")
    return _value(text, reference) if reference.key else text


_FETCH = {"env": _of_environment, "ssm": _of_parameter, "secretsmanager": _of_secrets_manager}


def _value(text: str, reference: Reference) -> str:
    try:
        found: Any = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get(reference.key), str):
        raise SecretUnavailable(f"{reference} names a key, and the secret is no JSON object with text there.")
    return str(found[reference.key])


def _refused(error: Exception, what: str, action: str) -> str:
    return refusals.sentence(error, what, action, "create it, or correct the name (its region too)")


def _is_arn(name: str) -> bool:
    return name.startswith("arn:")


def _region(name: str) -> str | None:
    return name.split(":")[3] if _is_arn(name) else None
