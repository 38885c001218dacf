"""Play a call of the letter box: post what the phone company would, in its order, to the addresses that the call carries."""

import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from config.links import rep_in_url
from config.settings import Settings
from console.inbound import NotTaken, post_twilio

TALK_SECONDS = 60
OUTCOMES = {  # the button -> who took it, and how the leg to the lead ended
    "answers": ("human", "completed"),
    "voicemail": ("machine_start", "completed"),
    "no_answer": ("", "no-answer"),
}
MISSED = "missed"  # the rep does not pick up


def play(settings: Settings, fields: Mapping[str, str], *, code: str, rep_phone: str, how: str) -> None:
    """The whole call in one go. Raises NotTaken, also when the pressed 1 rings nobody any more."""
    asked = urlencode({"lead": code, "call": fields.get("call", ""), "rep": rep_in_url(fields.get("rep", ""))})
    out = {
        "CallSid": "CA" + secrets.token_hex(16), "AccountSid": settings.twilio_account_sid, "ApiVersion": "2010-04-01",
        "From": fields.get("number") or fields.get("usual") or settings.twilio_from, "To": rep_phone, "Direction": "outbound-api",
    }  # fmt: skip

    def tell(step: str, told: dict[str, str]) -> bytes:
        return post_twilio(settings, f"/webhooks/{fields.get('line', '')}/{step}?{asked}", told).body

    if how == MISSED:
        tell("over", out | {"CallStatus": "no-answer"})
        return
    met, status = OUTCOMES[how]
    if b"<Dial" not in tell("bridge", out | {"Digits": "1", "CallStatus": "in-progress"}):
        raise NotTaken("The lead is no longer this rep's, or may not be called: nobody was rung.")
    leg = out | {"CallSid": "CA" + secrets.token_hex(16), "ParentCallSid": out["CallSid"], "Direction": "outbound-dial"}
    if met:
        tell("met", leg | {"AnsweredBy": met})
    ended = {"DialCallStatus": status, "DialBridged": "true" if met else "false"}
    tell("bridged", out | ended | ({"DialCallDuration": str(TALK_SECONDS)} if met else {}))
    tell("over", out | {"CallStatus": "completed", "CallDuration": str(TALK_SECONDS)})
