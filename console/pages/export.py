"""All leads as a file for a spreadsheet."""

from flask import Response, g, request

from console import answers
from console.api import Wrong, filters_of
from console.csv_rows import lines
from console.desk import Desk

NARROWS = frozenset({"status", "pool", "late", "since"})


def leads(desk: Desk) -> Response:
    """GET /leads.csv, newest first; ?status= ?pool= ?late= ?since= narrow it as in the API. Read and sent bit by bit."""
    try:
        filters = filters_of(request.args, known=NARROWS)
    except Wrong as wrong:
        return answers.fault(400, what=f"The parameter {wrong.where} cannot be read", mend=wrong.mend)
    answer = Response(lines(desk.engine, g.now, filters), content_type="text/csv; charset=utf-8; header=present")
    answer.headers["Content-Disposition"] = f'attachment; filename="leads-{g.now:%Y-%m-%d}.csv"'
    return answer
