"""How far a command is, on standard error."""

from __future__ import annotations

import sys

from checks.text import name

PLAIN_EVERY = 100


class Progress:
    """A bar on a terminal, a line every hundred tables in a pipe; on standard error."""

    def __init__(self) -> None:
        self._bar: object | None = None

    def __call__(self, done: int, total: int, table: str = "") -> None:
        """Tell how many of the tables were looked at, and the last of them."""
        if not sys.stderr.isatty():
            if done % PLAIN_EVERY == 0 or done == total:
                print(f"looked at {done} of {total} tables", file=sys.stderr)
            return
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(total=total, unit="table", desc="looking", leave=False)
        if isinstance(self._bar, tqdm):
            self._bar.set_postfix_str(name(table) if table else "", refresh=False)
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar off the terminal."""
        close = getattr(self._bar, "close", None)
        if close is not None:
            close()
