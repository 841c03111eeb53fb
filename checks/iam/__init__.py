"""The least that the monitor's role has to be allowed, worked out from a config and the catalog.

`needs` asks (the catalog, partitions, what things are encrypted with), `policy` makes one policy of it within the
quota, `template` a stack; `registry` joins what the parts of the program declare.
"""

from checks.iam.needs import DIRECTORY, NEEDED_BY_KEYS, Needs, NoSuchAccount, gather, needs_of
from checks.iam.policy import QUOTA, Policy, allows, fit
from checks.iam.registry import actions, declared, of_setup
from checks.iam.template import member_template, template

__all__ = [
    "DIRECTORY",
    "NEEDED_BY_KEYS",
    "QUOTA",
    "Needs",
    "NoSuchAccount",
    "Policy",
    "actions",
    "allows",
    "declared",
    "fit",
    "gather",
    "member_template",
    "needs_of",
    "of_setup",
    "template",
]
