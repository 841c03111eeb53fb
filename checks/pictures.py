"""The pictures of a notebook: an element that shows itself anywhere, and the same as an altair chart to go on from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.report import html
from checks.report.page_rows import table_rows
from checks.report.series import Came, of_items, series, silences

if TYPE_CHECKING:
    from datetime import datetime

    from checks.report.build import Report
    from checks.report.series import PeriodShown
    from checks.rules.retold import Silence

_MOST_DRAWN = 50
_LONGEST, _MOST_SILENCES = timedelta(days=90), 2000
_COLOURS = {"on time": "#3c8a60", "late": "#d9902b", "unknown": "#8f77d6", "without data": "#d6382f"}
_SHADE = "#d6382f"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of tables. Shows itself, without outside hosts; ``chart`` is the same in altair."""

    report: Report

    @property
    def markup(self) -> str:
        """The element that a notebook shows."""
        return html.picture(self.report)

    def _repr_html_(self) -> str:
        return self.markup

    @property
    def chart(self) -> Any:
        """An `altair.VConcatChart` of a chart a table, or the one chart of a report of one table.

        Raises ValueError where nothing of the tables can be drawn.
        """
        import altair as alt

        drawn = [each for each in map(self._one, self._tables()) if each is not None]
        if not drawn:
            raise ValueError("nothing to draw: no periods, and no deadlines that were learned")
        return drawn[0] if len(drawn) == 1 else alt.vconcat(*drawn)

    def to_dict(self) -> dict[str, Any]:
        """Return the chart as a Vega-Lite specification."""
        specification: dict[str, Any] = self.chart.to_dict()
        return specification

    def save(self, path: str) -> None:
        """Write it to a file by its ending: ``.html``, which asks no other host, else what altair's own parts allow."""
        if Path(path).suffix.lower() in {".html", ".htm"}:
            Path(path).write_text(html.picture_page(self.report), encoding="utf-8")
        else:
            self.chart.save(path)

    def _tables(self) -> list[str]:
        """Return the worst 50 tables, worst first."""
        known = {finding.table for finding in self.report.findings}
        order = {row.table: row.number for row in table_rows(self.report)}
        return sorted(known, key=lambda table: (order.get(table, len(order)), table))[:_MOST_DRAWN]

    def _one(self, table: str) -> Any:
        findings = [each for each in self.report.findings if each.table == table]
        look = self.report.looks.get(table)
        shown = (series(findings, look) if look is not None else of_items(findings)).periods
        if any(each.came_at and each.due_at for each in shown):
            return _periods(table, shown)
        found = silences(look) if look is not None else ()
        return _silences(table, found, look.seen.now) if found and look is not None else None


def _periods(table: str, shown: tuple[PeriodShown, ...]) -> Any:
    """Return when periods came, in hours after their deadlines; those without data are shaded."""
    import altair as alt

    values = [
        {
            "period": each.label,
            "hours": (each.came_at - each.due_at).total_seconds() / 3600
            if each.came_at and each.due_at
            else None,
            "due": _iso(each.due_at),
            "came": _iso(each.came_at),
            "state": each.came.said,
        }
        for each in shown
    ]
    base = alt.Chart(_data(values), title=table).encode(
        x=alt.X("period:O", title=None, axis=alt.Axis(labelOverlap=True)),
        tooltip=["period:N", "state:N", "due:N", "came:N"],
    )
    colours = alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
    shade = base.transform_filter(f"datum.state == '{Came.BAD.said}'").mark_bar(
        color=_SHADE, opacity=0.2, width=alt.RelativeBandSize(1)
    )
    points = base.mark_circle(size=50).encode(
        y=alt.Y("hours:Q", title="hours after the deadline"),
        color=alt.Color("state:N", scale=colours, title=None),
    )
    deadline = alt.Chart(_data([{"hours": 0}])).mark_rule(strokeDash=[4, 4]).encode(y="hours:Q")
    return alt.layer(shade.encode(y=alt.value(0), y2=alt.value("height")), deadline, points)


def _silences(table: str, found: tuple[Silence, ...], now: datetime) -> Any:
    """Return how long nothing had come, in hours, against the deadline that was learned; what was late is shaded."""
    import altair as alt

    found = tuple(each for each in found if (each.end or now) > now - _LONGEST)[-_MOST_SILENCES:]
    ages: list[dict[str, Any]] = []
    late = []
    for each in found:
        end = each.end or now
        allowed = (each.due_at - each.begin).total_seconds() / 3600
        ages.append({"at": _iso(each.begin), "age": 0.0, "allowed": allowed})
        ages.append({"at": _iso(end), "age": (end - each.begin).total_seconds() / 3600, "allowed": allowed})
        if end > each.due_at:
            late.append({"from": _iso(each.due_at), "to": _iso(end), "since": _iso(each.begin)})
    base = alt.Chart(_data(ages), title=table).encode(x=alt.X("at:T", title=None))
    area = base.mark_area(color=_COLOURS["on time"], opacity=0.6).encode(
        y=alt.Y("age:Q", title="hours since the newest data")
    )
    deadline = base.mark_line(strokeDash=[4, 4], color="gray", interpolate="step-after").encode(y="allowed:Q")
    shade = (
        alt.Chart(_data(late))
        .mark_rect(color=_SHADE, opacity=0.25)
        .encode(x="from:T", x2="to:T", tooltip=["since:N", "from:N", "to:N"])
    )
    return alt.layer(area, deadline, shade)


def _data(values: list[dict[str, Any]]) -> Any:
    import altair as alt

    return alt.Data(values=values)  # type: ignore[no-untyped-call]


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None
