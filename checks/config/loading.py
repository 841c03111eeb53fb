"""Read a config and find everything that is wrong with it, all at once, before any call to AWS."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from checks.config import upstreams
from checks.config.closed_times import CalendarBlock, WindowBlock
from checks.config.keys import Account, EntryBlock, File, Settings, SilenceBlock
from checks.config.merging import OFF, Block, Stated
from checks.config.mistakes import ConfigErrors, Document, Path
from checks.config.resolved import Config, Silence, in_utc
from checks.config.routes import Route
from checks.config.selectors import ExcludeError, Selector, find_name, parse_prefix, parse_selector
from checks.config.source import Fetch, Source, read_document, read_text
from checks.config.targets import target_problem
from checks.config.validation_sentences import did_you_mean, sentences, write_example
from checks.config.watchlist import Entry, Watchlist, defaults_of
from checks.rules import CHECKS
from checks.rules.base import Binding
from checks.rules.entry import EntryKeys
from checks.rules.key_types import show
from checks.schedule.calendars import Calendar
from checks.schedule.windows import NEVER_OPEN, Windows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from checks.rules.base import CheckConfig
    from checks.schedule.windows import Window

Model = TypeVar("Model", bound=BaseModel)
_COLLECTIONS = frozenset(File.model_fields.keys() - Settings.model_fields.keys())
OWN_KEYS = "x-"
"""Keys at the top that begin so are the reader's own, such as a home for anchors."""
_MOST_WINDOWS = 50
_STATED = tuple(EntryKeys.model_fields)


def load(
    source: Source,
    *,
    environ: Mapping[str, str],
    fetch: Fetch | None = None,
    checks: Mapping[str, type[CheckConfig]] = CHECKS,
) -> Config:
    """Return the config of a local path, an ``s3://`` URI (read with ``fetch``) or a dict.

    ``${VAR}`` is taken from ``environ``. ``fetch`` returns the bytes of a URI, and raises OSError or
    Unobserved. Raises ConfigErrors with every mistake.
    """
    return Loader(read_document(source, environ, fetch), checks).config()


def load_text(text: str, name: str, *, environ: Mapping[str, str]) -> Config:
    """Return the config of a text, told by this name; raise ConfigErrors with every mistake."""
    return Loader(read_text(text, name, environ), CHECKS).config()


class Loader:
    """One reading of a document: each part on its own, so that a mistake in one hides none in another."""

    def __init__(self, document: Document, checks: Mapping[str, type[CheckConfig]]) -> None:
        self.document, self.checks = document, checks
        self.zone = ZoneInfo("UTC")
        self.calendars: dict[str, Calendar] = {}
        self.windows: dict[str, tuple[Window, ...]] = {}

    def config(self) -> Config:
        """Return the config; raise ConfigErrors with every mistake."""
        settings = self._settings()
        if settings is not None:
            self.zone = settings.timezone
        calendars = self.calendars = self._calendars()
        self.windows = self._windows()
        accounts = self._accounts()
        defaults = defaults_of(self._defaults())
        routes = tuple(self._routes(settings.topic if settings is not None else None))
        silences = tuple(self._silences())
        watchlist = Watchlist(
            entries=tuple(self._entries(accounts)),
            defaults=defaults,
            checks=self.checks,
            calendars=calendars,
            windows=self.windows,
            zone=self.zone,
        )
        for path, sentence in watchlist.mistakes():
            whole_block = path[0] == "tables" and len(path) == len(("tables", 0, "check"))
            if not (whole_block and self.document.is_broken(("defaults", path[-1]))):
                self._add(path, sentence)
        if self.document.mistakes or settings is None:
            raise ConfigErrors(self.document.mistakes)
        for path, sentence in upstreams.warnings_of(watchlist):
            self.document.warn(path, sentence)
        return Config(
            source=self.document.source,
            watchlist=watchlist,
            settings=settings,
            calendars=calendars,
            accounts={name: account for name, account in accounts.items() if account is not None},
            routes=routes,
            silences=silences,
            notes=self.document.warnings,
        )

    def _add(self, path: Path, sentence: str) -> None:
        if not self.document.is_broken(path):
            self.document.add(path, sentence)

    def _checked(
        self, model: type[Model], block: object, path: Path, known: frozenset[str] = frozenset()
    ) -> Model | None:
        """Return the block as its model, or None after noting what is wrong with it."""
        try:
            return model.model_validate(block)
        except ValidationError as error:
            for below, sentence in sentences(error, model, known):
                self._add(self._place(path, below), sentence)
            return None

    def _place(self, path: Path, below: Path) -> Path:
        """Return where a mistake is told: at the key where it stands, without tags of alternatives."""
        known = self.document.known_part((*path, *below))
        return known if len(known) >= len(path) else path

    def _settings(self) -> Settings | None:
        single = {
            key: value
            for key, value in self.document.data.items()
            if key not in _COLLECTIONS and not key.startswith(OWN_KEYS)
        }
        settings = self._checked(Settings, single, (), _COLLECTIONS)
        if "tables" not in self.document.data:
            self._add(
                (), "tables is missing; write at least one entry below it, such as - table: sales.orders"
            )
        if settings is None:
            self._guess_zone()
        return settings

    def _guess_zone(self) -> None:
        """Take the zone out of settings that are otherwise wrong, so that the rest is judged with it."""
        try:
            alone = {"version": 1, "timezone": self.document.data.get("timezone", "UTC")}
            self.zone = Settings.model_validate(alone).timezone
        except ValidationError:
            pass

    def _blocks(self, key: str) -> Iterator[tuple[str, Any, Path]]:
        """Yield name, block and path of each item of a mapping at the top."""
        value = self.document.data.get(key, {})
        if not isinstance(value, dict):
            self._add((key,), f"{show(value)} is not a block of keys; write names below it")
            return
        for name, block in value.items():
            yield name, block, (key, name)

    def _items(self, key: str) -> Iterator[tuple[Any, Path]]:
        """Yield item and path of each item of a list at the top."""
        value = self.document.data.get(key, [])
        if not isinstance(value, list):
            self._add((key,), f"{show(value)} is not a list; begin each item below it with a dash (-)")
            return
        for index, item in enumerate(value):
            if not self.document.is_broken((key, index)) or item is not None:
                yield item, (key, index)

    def _calendars(self) -> dict[str, Calendar]:
        found: dict[str, Calendar] = {}
        for name, block, path in self._blocks("calendars"):
            found[name] = Calendar(name)  # known by its name even when it is wrong
            checked = self._checked(CalendarBlock, block, path)
            if checked is not None:
                found[name] = checked.build(name)
        return found

    def _windows(self) -> dict[str, tuple[Window, ...]]:
        found: dict[str, tuple[Window, ...]] = {}
        for name, listed, path in self._blocks("windows"):
            blocks = (
                [(each, (*path, number)) for number, each in enumerate(listed)]
                if isinstance(listed, list)
                else [(listed, path)]
            )
            found[name] = ()  # known by its name even when it is wrong
            if not blocks or len(blocks) > _MOST_WINDOWS:
                self._add(path, f"{len(blocks)} windows; write one, or a list of up to {_MOST_WINDOWS}")
                continue
            built = [self._window(block, where) for block, where in blocks]
            windows = tuple(each for each in built if each is not None)
            if Windows(name, windows, self.zone).never_open():
                self._add(path, NEVER_OPEN.format(name))
            else:
                found[name] = windows
        return found

    def _window(self, block: object, path: Path) -> Window | None:
        if not isinstance(block, dict):
            self._add(
                path,
                f'{show(block)} is no window; write such as {{days: [sun], start: "02:00", end: "04:00"}}',
            )
            return None
        checked = self._checked(WindowBlock, block, path)
        return checked.build() if checked is not None else None

    def _accounts(self) -> dict[str, Account | None]:
        found: dict[str, Account | None] = {}
        for name, block, path in self._blocks("accounts"):
            if "/" in name or not name.strip() or not name.isprintable():
                self._add(path, f"{name!r} is no name for an account; write a word without a slash")
            found[name] = self._checked(Account, block, path)
        return found

    def _defaults(self) -> dict[str, Block]:
        blocks: dict[str, Block] = {}
        for name, value, path in self._blocks("defaults"):
            if name in self.checks:
                self._put_block(blocks, name, value, path)
            else:
                self._add(path, self._no_default(name))
        return blocks

    def _no_default(self, name: str) -> str:
        if name in EntryBlock.model_fields:
            return f'{name} has no default; write it in the entries, such as one of table: "*.*"'
        return self._misplaced(name) or f"{show(name)} is not a check; {did_you_mean(name, self.checks)}"

    def _misplaced(self, name: str, beside: Collection[str] = ()) -> str | None:
        """Say where a check's key belongs that stands beside the checks: in one that stands there, where it may."""
        for check, config in sorted(self.checks.items(), key=lambda pair: pair[0] not in beside):
            if name in config.model_fields:
                return f"{name} is a key of {check}; write {check}: {{{name}: ...}}"
        return None

    def _put_block(self, blocks: dict[str, Block], check: str, value: object, path: Path) -> None:
        """Note a check's block, with its short form written out, and what is wrong with its keys."""
        config = self.checks[check]
        if value == OFF:
            blocks[check] = OFF
            return
        if isinstance(value, str) and value == config.short_form:
            value = {value: True}
        if not isinstance(value, dict):
            words = " or ".join([OFF, *([config.short_form] if config.short_form else [])])
            example = write_example(config.example())
            self._add(path, f"{show(value)} is not a block of keys; write such as {example}, or {words}")
            self.document.broken.add(path)
            return
        blocks[check] = value
        wrong = dict(self._wrong_keys(config, value))
        for below, sentence in wrong.items():
            self._add(self._place(path, below), sentence)
        for key, sentence in Binding(
            zone=self.zone, calendars=self.calendars, windows=self.windows
        ).wrong_names(value):
            if (key,) not in wrong:
                self._add((*path, key), sentence)

    def _wrong_keys(self, config: type[CheckConfig], block: dict[str, Any]) -> Iterator[tuple[Path, str]]:
        """Yield what is wrong with single keys; the rest is judged once all is merged."""
        for key, value in block.items():
            field = config.model_fields.get(key)
            if isinstance(value, bool) and field is not None and field.annotation in (int, int | None):
                yield (
                    (key,),
                    f"{show(value)} is not a whole number; write one such as {(field.examples or [1])[0]}",
                )
        try:
            config.model_validate(block)
        except ValidationError as error:
            yield from (each for each in sentences(error, config) if each[0] and each[0][0] in block)

    def _entries(self, accounts: Mapping[str, Account | None]) -> Iterator[Entry]:
        items = list(self._items("tables"))
        if not items and isinstance(self.document.data.get("tables"), list) and not self.document.broken:
            self._add(("tables",), "is empty; write at least one entry, such as - table: sales.orders")
        known = frozenset(self.checks)
        for position, (item, path) in enumerate(items):
            if not isinstance(item, dict):
                self._add(path, f"{show(item)} is not a block of keys; write such as table: sales.orders")
                continue
            blocks: dict[str, Block] = {}
            plain: dict[str, Any] = {}
            for key, value in item.items():
                if key in self.checks:
                    self._put_block(blocks, key, value, (*path, key))
                elif key not in EntryBlock.model_fields and (told := self._misplaced(key, item)):
                    self._add((*path, key), told)
                else:
                    plain[key] = value
            checked = self._checked(EntryBlock, plain, path, known) or _salvaged(plain)
            selector = self._selector(plain, checked, path, accounts)
            if selector is not None:
                values = {key: v for key in _STATED if (v := getattr(checked, key, None)) is not None}
                stated = Stated(path=path, rank=selector.rank, values=values, blocks=blocks)
                yield Entry(selector=selector, stated=stated, position=position)

    def _selector(
        self,
        plain: Mapping[str, Any],
        checked: EntryBlock | None,
        path: Path,
        accounts: Mapping[str, Account | None],
    ) -> Selector | None:
        table, prefix = plain.get("table"), plain.get("prefix")
        if table is not None and prefix is not None:
            self._add((*path, "prefix"), "stands beside table; write one of the two")
            return None
        if table is None and prefix is None:
            self._add(path, "names neither table nor prefix; write such as table: sales.orders")
            return None
        account = plain.get("account")
        if isinstance(account, str) and account.strip() not in accounts:
            advice = f"define it under accounts ({did_you_mean(account, accounts)})"
            self._add((*path, "account"), f"{show(account)} is not an account; {advice}")
        if checked is None:
            return None
        known = accounts.get(checked.account) if checked.account is not None else None
        region = known.region if known is not None else None
        try:
            return self._parsed(checked, region, path)
        except ValueError as error:
            wrong_exclude = isinstance(error, ExcludeError)
            key = "exclude" if wrong_exclude else "prefix" if table is None else "table"
            self._add((*path, key), str(error))
            return None

    def _parsed(self, checked: EntryBlock, region: str | None, path: Path) -> Selector:
        line = self.document.line(path)
        if checked.prefix is not None:
            if checked.exclude:
                raise ExcludeError("stands beside a prefix; write it beside a glob of tables, or take it out")
            found = parse_prefix(checked.prefix, account=checked.account, region=region)
        else:
            found = parse_selector(
                checked.table or "", account=checked.account, region=region, exclude=checked.exclude
            )
        for index, pair in enumerate(found.exclude):
            excluded = Selector(text=".".join(pair), account=checked.account, database=pair[0], name=pair[1])
            bare = Selector(text=found.text, account=found.account, database=found.database, name=found.name)
            if find_name([bare, excluded]) is None:
                told = f"excludes nothing, since {found.text} matches no such table; take it out, or mend it"
                self.document.warn((*path, "exclude", index), told)
        return replace(found, line=line)

    def _routes(self, topic: str | None) -> Iterator[Route]:
        items = list(self._items("routes"))
        mails = {topic, *(item.get("topic") for item, _ in items if isinstance(item, dict))} - {None}
        for item, path in items:
            if isinstance(item, dict) and item.get("chat") in mails:
                mend = "make another topic for the chat, and name that here"
                self._add(
                    (*path, "chat"), f"is a topic that gets mails, and a chat shows none of them; {mend}"
                )
            route = self._checked(Route, item, path)
            if isinstance(item, dict) and item.get("match") == {}:
                self._add((*path, "match"), "is empty; write owner, database, table or severity below it")
            if route is not None:
                yield route
            elif isinstance(item, dict) and (told := target_problem(item)):
                self._add(path, told)

    def _silences(self) -> Iterator[Silence]:
        for item, path in self._items("silences"):
            checked = self._checked(SilenceBlock, item, path)
            check = item.get("check") if isinstance(item, dict) else None
            if isinstance(check, str) and check.strip() not in self.checks:
                unknown = f"{show(check)} is not a check; {did_you_mean(check, self.checks)}"
                self._add((*path, "check"), unknown)
            if checked is None:
                continue
            until = checked.until
            moment = until if isinstance(until, datetime) else datetime.combine(until, time())
            yield Silence(
                table=checked.table,
                check=checked.check,
                until=in_utc(moment, self.zone),
                because=checked.because,
                place=str(self.document.mistake((*path, "until"), "")),
            )


def _salvaged(plain: Mapping[str, Any]) -> EntryBlock | None:
    """Return an entry without its wrong keys, so that the rest is judged; None if it is unclear which."""
    try:
        EntryBlock.model_validate(plain)
    except ValidationError as error:
        wrong = {details["loc"][0] for details in error.errors()}
        if wrong.isdisjoint({"table", "prefix", "exclude", "account"}):
            return EntryBlock.model_validate({key: value for key, value in plain.items() if key not in wrong})
    return None
