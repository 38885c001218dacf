"""What a caller and a rep hear: TwiML for each step of a call. Every address in it is plain ASCII that nobody escapes."""

from datetime import timedelta

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from config import normal
from config.links import rep_from_url, rep_in_url
from routing.calling_again import whose_phone_rings
from routing.hours import is_open, next_open
from routing.words import due_text
from store.advance import After
from webhooks.delivery import Delivery

RING_SECONDS = 18  # above 20 the carrier's voicemail answers, and the call looks completed
PRESS_SECONDS = 8
LONGEST_VOICEMAIL = 120  # seconds
SILENCE_SECONDS = 6
TO_THE_TEAM = "This number is for leads. To reach one, text us the word call and the lead's code, and we connect you."


def ring_or_record(delivery: Delivery, after: After | None) -> VoiceResponse:
    """Ring the rep the decision names; with nobody to ring, take a message."""
    rep = whose_phone_rings(after.state) if after else None
    if after and rep:
        seat = after.bench.named.get(rep)
        if seat and seat.phone:
            return _ring(delivery, seat.rep, seat.phone)
    return _take_message(delivery, after)


def whisper(delivery: Delivery) -> VoiceResponse:
    """To the rep alone, before the caller is put through: who is calling, and that 1 takes it. A voicemail presses nothing."""
    query, script = delivery.query, VoiceResponse()
    pressed = f"{delivery.here('press')}?call={normal.identifier(query.get('call', ''))}&rep={query.get('rep', '')}"
    gather = Gather(num_digits=1, action=pressed, timeout=PRESS_SECONDS, action_on_empty_result=False)
    gather.say(f"{_who(delivery)} Press 1 to take it.")
    script.append(gather)
    script.hangup()
    return script


def put_through() -> VoiceResponse:
    """An empty answer to the pressed 1: the two are connected."""
    return VoiceResponse()


def hang_up(words: str = "") -> VoiceResponse:
    """The end, after a sentence if there is one."""
    script = VoiceResponse()
    if words:
        script.say(words)
    script.hangup()
    return script


def no_lead(delivery: Delivery) -> VoiceResponse:
    """To a call that is none of a lead's. A rep who calls back the number that rang them hears how to reach the lead."""
    is_ours = normal.phone(delivery.form.get("From", ""), delivery.region) in delivery.team_phones
    return hang_up(TO_THE_TEAM if is_ours else "")


def thank() -> VoiceResponse:
    """After the voicemail."""
    return hang_up("Thank you. Goodbye.")


def _ring(delivery: Delivery, rep: str, phone: str) -> VoiceResponse:
    call, told = normal.identifier(delivery.form.get("CallSid", "")), rep_in_url(rep)
    count = int(n) + 1 if (n := delivery.query.get("n", "0")).isascii() and n.isdigit() and len(n) < 4 else 1
    ring_for = delivery.source.options.get("ring_for")
    seconds = int(ring_for.total_seconds()) if isinstance(ring_for, timedelta) else RING_SECONDS
    # the rep's phone shows our number: the caller's own is shown once the call is taken, and a call back goes through us
    shown = {"caller_id": ours} if (ours := normal.phone(delivery.form.get("To", ""), delivery.region)) else {}
    action = f"{delivery.here('dial')}?rep={told}&n={count}"
    dial = Dial(timeout=seconds, answer_on_bridge=True, action=action, **shown)
    dial.number(phone, url=f"{delivery.here('whisper')}?call={call}&rep={told}{_caller(delivery)}")
    script = VoiceResponse()
    script.append(dial)
    return script


def _take_message(delivery: Delivery, after: After | None) -> VoiceResponse:
    why = _why_nobody(delivery, after)
    if delivery.source.options.get("voicemail") is False:
        return hang_up(why)
    script = VoiceResponse()
    script.say(f"{why} {_ask(delivery)}")
    words = {"transcribe": True, "transcribe_callback": delivery.here("transcription")}
    script.record(
        max_length=LONGEST_VOICEMAIL,
        timeout=SILENCE_SECONDS,
        action=delivery.here("recorded"),
        recording_status_callback=delivery.here("recording"),
        recording_status_callback_event="completed absent",
        **(words if delivery.source.options.get("transcribe") is True else {}),
    )
    script.say("Goodbye.")
    script.hangup()
    return script


def _why_nobody(delivery: Delivery, after: After | None) -> str:
    """The truth: when we open, that everybody is busy, or that we cannot say who is free; or the source's own words."""
    options, firm, now = delivery.source.options, delivery.site.name, delivery.received_at
    if after and not is_open(after.policy.pool.calendar, now):
        opens_at = next_open(after.policy.pool.calendar, now)
        opens = f" and open {due_text(opens_at, delivery.site.zone, now)}" if opens_at else ""
        return str(options.get("closed_greeting") or f"Thank you for calling {firm}. We are closed now{opens}.")
    why = "Nobody is free to take your call right now." if after else "We cannot put your call through right now."
    return str(options.get("greeting") or f"Thank you for calling {firm}. {why}")


def _ask(delivery: Delivery) -> str:
    withheld = normal.phone(delivery.form.get("From", ""), delivery.region) is None
    return f"Please leave your name{' and number' if withheld else ''} and what we can do for you after the tone, and we will call you back."


def _caller(delivery: Delivery) -> str:
    """What the rep is to hear of the caller, as part of an address: the leg to the rep comes from our number, so it tells nothing."""
    city = normal.clean_line(delivery.form.get("FromCity", ""), 60).title()
    phone = normal.phone(delivery.form.get("From", ""), delivery.region)
    return (f"&city={rep_in_url(city)}" if city else "") + (f"&end={phone[-4:]}" if phone else "")


def _who(delivery: Delivery) -> str:
    """The caller's city and last digits: the whole number is shown once the call is taken."""
    query, source = delivery.query, delivery.source
    city, end = normal.clean_line(rep_from_url(query.get("city", "")), 60), normal.identifier(query.get("end", ""))[:4]
    digits = f", number ending {' '.join(end)}" if end else ""
    label = source.id.replace("-", " ").replace("_", " ")
    return f"A call{f' from {city}' if city else ''}{digits}, through {label}."
