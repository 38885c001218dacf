"""What became of the leads of some days: the page /reports, its CSV, and GET /api/reports."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, g, jsonify, make_response, request

from console import answers, csv_rows, words
from console.api import Wrong
from console.desk import Desk
from console.period import CHOICES, PARAMETERS, Period, period_of
from routing.conversion import Share, Speed
from routing.team import Team
from store import reports_stages
from store.reports import Row
from store.reports_stages import FIGURES, WAYS, Report, TooMuch

BY = (*WAYS, "speed")
REST, NOBODY, NONE = "others", "nobody", "none named"


@dataclass(frozen=True, slots=True)
class Table:
    """What leads are put together by, and a row for each."""

    way: str
    rows: list[Row]


def show(desk: Desk) -> Response:
    """GET /reports?days=28, or ?since=&until=."""
    try:
        period = asked_for(desk)
        report, newest = looked_up(desk, period)
    except Wrong as wrong:
        return answers.fault(400, what=f"The parameter {wrong.where} does not do", mend=wrong.mend)
    team = desk.team()
    tables = [Table(way, named(rows, way, team)) for way, rows in report.by.items()]
    named_newest = [{**row, "owner": words.name_of(team, row["owner"])} for row in newest]
    return answers.page(
        desk, "reports.html", period=period, choices=CHOICES, tables=tables, total=report.total,
        curves=curves(report.speeds), newest=named_newest, since=desk.local(period.span.since).date(),
        until=desk.local(period.span.until - timedelta(microseconds=1)).date(),
    )  # fmt: skip


def as_csv(desk: Desk) -> Response:
    """GET /reports.csv?by=source|campaign|rep|speed, of the same days."""
    try:
        way = request.args.get("by", "source")
        if way not in BY:
            raise Wrong("by", f"One of {', '.join(BY)}.")
        report, _ = looked_up(desk, asked_for(desk, more=frozenset({"by"})))
    except Wrong as wrong:
        return answers.fault(400, what=f"The parameter {wrong.where} does not do", mend=wrong.mend)
    lines = speed_lines(report.speeds) if way == "speed" else figure_lines(way, named(report.by[way], way, desk.team()))
    answer = Response("".join(map(csv_rows.line, lines)), content_type="text/csv; charset=utf-8; header=present")
    answer.headers["Content-Disposition"] = f'attachment; filename="reports-by-{way}-{g.now:%Y-%m-%d}.csv"'
    return answer


def as_json(desk: Desk) -> Response:
    """GET /api/reports."""
    try:
        period = asked_for(desk)
        report, found = looked_up(desk, period)
    except Wrong as wrong:
        return answers.problem(400, "A parameter does not do", where=f"query {wrong.where}", mend=wrong.mend)
    span = period.span
    by = {f"by_{way}": [{**row, "stage_at": answers.iso(row["stage_at"])} for row in rows] for way, rows in report.by.items()}
    newest = [{**row, "stage_at": answers.iso(row["stage_at"]), "arrived_at": answers.iso(row["arrived_at"])} for row in found]
    told = {"since": answers.iso(span.since), "until": answers.iso(span.until), **by, "newest": newest}
    told["by_speed"] = [speed_json(speed) for speed in report.speeds]
    return make_response(jsonify(told))


def asked_for(desk: Desk, *, more: frozenset[str] = frozenset()) -> Period:
    """The days. Raises Wrong."""
    return period_of(request.args, desk.team().site.zone, g.now, known=PARAMETERS | more)


def looked_up(desk: Desk, period: Period) -> tuple[Report, list[Row]]:
    """The report, and the newest stages. Raises Wrong for more leads than can be counted."""
    try:
        return reports_stages.of(desk.engine, period.span), reports_stages.newest(desk.engine, period.span)
    except TooMuch as too_much:
        where = "days" if period.days is not None else "since"
        raise Wrong(where, "There are too many leads in this time to count them in 5 s: ask for fewer days.") from too_much


def named(rows: Iterable[Row], way: str, team: Team) -> list[Row]:
    """With names that people read."""
    without = NOBODY if way == "rep" else NONE
    found = []
    for row in rows:
        name = words.name_of(team, row["name"]) if way == "rep" else row["name"]
        found.append({**row, "name": REST if row["is_rest"] else name or without})
    return found


def curves(speeds: Iterable[Speed]) -> dict[str, list[Speed]]:
    """By source, all together first; empty where there was no lead."""
    found: dict[str, list[Speed]] = {}
    for speed in speeds:
        found.setdefault(speed.source or "All sources", []).append(speed)
    return found


def figure_lines(way: str, rows: Iterable[Row]) -> Iterator[list[object]]:
    """A heading, then a line for each."""
    yield [way, *FIGURES, "last_stage_at"]
    for row in rows:
        yield [row["name"], *(row[name] for name in FIGURES), row["stage_at"]]


def speed_lines(speeds: Iterable[Speed]) -> Iterator[list[object]]:
    """The same of the curve; shares from 0 to 1."""
    ends = ("", "_share", "_low", "_high")
    yield ["source", "first_response", "leads", *(f"qualified_or_won{end}" for end in ends), *(f"won{end}" for end in ends)]
    for speed in speeds:
        cells = [cell for share in (speed.qualified, speed.won) for cell in (share.count, *ends_of(share))]
        yield [speed.source or "all", speed.bucket, speed.leads, *cells]


def ends_of(share: Share) -> tuple[str, str, str]:
    """The share and its interval, with four places; empty where there was nothing to take a share of."""
    if share.value is None:
        return "", "", ""
    low, high = share.interval
    return f"{share.value:.4f}", f"{low:.4f}", f"{high:.4f}"


def speed_json(speed: Speed) -> dict[str, object]:
    """For programs."""
    shares = {"qualified": share_json(speed.qualified), "won": share_json(speed.won)}
    return {"source": speed.source, "bucket": speed.bucket, "leads": speed.leads, **shares}


def share_json(share: Share) -> dict[str, object]:
    """For programs."""
    low, high = share.interval
    return {"count": share.count, "share": share.value, "low": low, "high": high}
