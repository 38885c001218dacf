"""Signing in where the service can be reached from elsewhere: with the API token, until there are accounts."""

from flask import Response, request

from console import answers, doors
from console.desk import Desk

_tries = doors.Tries()


def show(desk: Desk) -> Response:
    """GET /sign-in."""
    return answers.page(
        desk, "sign_in.html", has_token=desk.settings.api_token is not None, onward=onward(request.args.get("next", ""))
    )


def act(desk: Desk) -> Response:
    """POST /sign-in with the token; five wrong ones a minute and it is closed for a while."""
    address = doors.visitor(desk.settings)
    if _tries.too_many(address):
        answer = answers.fault(429, what="Too many wrong tokens", mend="Wait a minute, then try again.")
        answer.headers["Retry-After"] = "60"
        return answer
    if not doors.is_api_token(desk.settings, request.form.get("token", "").strip()):
        _tries.add(address)
        return answers.page(
            desk,
            "sign_in.html",
            status=403,
            wrong=True,
            has_token=desk.settings.api_token is not None,
            onward=onward(request.form.get("next", "")),
        )
    return doors.sign_in(desk.settings, answers.see(onward(request.form.get("next", ""))))


def end(desk: Desk) -> Response:
    """POST /sign-out."""
    return doors.sign_out(answers.see("/sign-in"))


def onward(where: str) -> str:
    """Where to go after signing in: only ever a path of our own."""
    return where if where.startswith("/") and not where.startswith(("//", "/\\")) and "\\" not in where else "/"
