"""How far a command is, on standard error."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from checks.text import name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLAIN_EVERY = 100


class Progress:
    """A bar on a terminal, a line every hundred tables in a pipe; on standard error.

    What is said in a pipe is ``what``; without it, nothing.
    """

    def __init__(self, what: str = "looked at", doing: str = "looking") -> None:
        self._bar: object | None = None
        self._what, self._doing = what, doing

    def __call__(self, done: int, total: int, table: str = "") -> None:
        """Tell how many of the tables are done, and the last of them."""
        if not sys.stderr.isatty():
            if self._what and (done % PLAIN_EVERY == 0 or done == total):
                print(f"{self._what} {done} of {total} tables", file=sys.stderr)
            return
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(total=total, unit="table", desc=self._doing, leave=False)
        if isinstance(self._bar, tqdm):
            self._bar.set_postfix_str(name(table) if table else "", refresh=False)
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar off the terminal."""
        close = getattr(self._bar, "close", None)
        if close is not None:
            close()


class Stages:
    """How far a command is that looks at tables and then replays them: a bar on a terminal for the one, then the other.

    In a pipe only looking says its lines: what replays is over soon, or is waited for.
    """

    def __init__(self) -> None:
        self._looking, self._replaying = Progress(), Progress("", "replaying")

    def looked(self, done: int, total: int, table: str) -> None:
        """Tell how many tables were looked at, and the last of them."""
        self._looking(done, total, table)

    def replayed(self, done: int, total: int, table: str) -> None:
        """Tell how many tables were replayed, and the last of them; none, as it begins."""
        self._looking.close()
        self._replaying(done, total, table)

    def close(self) -> None:
        """Take the bars off the terminal."""
        self._looking.close()
        self._replaying.close()


@contextmanager
def bar(*, wanted: bool | None) -> Iterator[Callable[[int, int, str], None] | None]:
    """Give what shows progress as a bar: a widget in a notebook that has them, else text on standard error.

    None where it is not ``wanted``; where that is not said, it is wanted in a notebook that has widgets: text that
    rewrites itself would stay in the notebook's output.
    """
    has_widgets = _in_notebook() and find_spec("ipywidgets") is not None
    if not (has_widgets if wanted is None else wanted):
        yield None
        return
    from tqdm import auto, std

    shown = (auto.tqdm if has_widgets else std.tqdm)(unit="table", desc="looking", leave=False)

    def tell(done: int, total: int, table: str) -> None:
        shown.total = total
        shown.set_postfix_str(name(table), refresh=False)
        shown.update(done - shown.n)

    try:
        yield tell
    finally:
        shown.close()


def _in_notebook() -> bool:
    """Tell whether this process is the kernel of a notebook."""
    return "ipykernel" in sys.modules and "IPython" in sys.modules
