"""How many false alarms may come of what is learned, as people write it."""

import re

_BUDGET = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*/\s*(week|month|year)", re.ASCII)
_A_MONTH = {"week": 365.25 / 12 / 7, "month": 1.0, "year": 1 / 12}


def parse_budget(text: object) -> float:
    """Return the false alarms a month of `1/month`, `2/week` or `6/year`; raise ValueError with what to write."""
    match = _BUDGET.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or float(match[1]) <= 0:
        message = f"{text!r} is not a number of false alarms; write one such as 1/month, 2/week or 6/year"
        raise ValueError(message)
    return float(match[1]) * _A_MONTH[match[2]]
