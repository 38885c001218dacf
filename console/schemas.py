"""The shapes of the API: what a lead, a rep, a report look like in JSON."""

from console import speed
from console.schema import (
    ANYTHING,
    INSTANT,
    INSTANT_OR_NONE,
    TEXT,
    TEXT_OR_NONE,
    TEXTS,
    WHOLE,
    WHOLE_OR_NONE,
    YES_NO,
    Schema,
    closed,
    listed,
)
from routing.conversion import BUCKETS, STAGES
from routing.model import Status
from routing.team import OfferStyle

LEAD: dict[str, Schema] = {
    "code": {"type": "string", "description": "What people call it, like A7"},
    "external_id": {"type": ["string", "null"], "description": "The sender's own id; null where it gave none"},
    "dedupe_key": {
        "type": ["string", "null"],
        "description": "What makes a delivery the same again: the sender's own id, else derived:... made of what was said and when",
    },
    "status": {"type": "string", "enum": list(Status)},
    "kind": {"type": "string", "enum": ["form", "call", "message"]},
    "event": {
        "type": "string",
        "description": "What began it: form, message, call ...; fetch_required: only named, then fetched",
    },
    "source": {"type": "string", "description": "The id of the source in the team file"},
    "source_type": {
        "type": ["string", "null"],
        "description": "Its type, like typeform; null once it is gone from the team file",
    },
    "channel": TEXT,
    "name": TEXT_OR_NONE,
    "phone": {"type": ["string", "null"], "description": "E.164"},
    "email": TEXT_OR_NONE,
    "message": TEXT,
    "first_name": TEXT_OR_NONE,
    "last_name": TEXT_OR_NONE,
    "company": TEXT_OR_NONE,
    "campaign": ANYTHING,
    "utm": ANYTHING,
    "click_ids": ANYTHING,
    "consent": {"type": "array", "items": ANYTHING},
    "locale": TEXT_OR_NONE,
    "attachments": {"type": "array", "items": ANYTHING},
    "extra": ANYTHING,
    "submitted_at": {"type": ["string", "null"], "description": "When the sender says it was written, if it says so"},
    "is_test": YES_NO,
    "pool": TEXT,
    "rule": TEXT,
    "sla": TEXT,
    "owner": TEXT_OR_NONE,
    "owner_name": TEXT_OR_NONE,
    "offered_to": TEXTS,
    "outcome": TEXT_OR_NONE,
    "cause": {"type": ["string", "null"], "description": "Why the promise was broken, if it was"},
    "response_how": {
        "type": ["string", "null"],
        "description": "The first response: call, text or e-mail, as it went through us; reported: only the rep says so",
    },
    "arrived_at": INSTANT,
    "accept_due_at": INSTANT_OR_NONE,
    "response_due_at": INSTANT_OR_NONE,
    "acked_at": {**INSTANT_OR_NONE, "description": "When the automatic acknowledgement went out; it never counts as a response"},
    "accepted_at": INSTANT_OR_NONE,
    "attempted_at": INSTANT_OR_NONE,
    "responded_at": {**INSTANT_OR_NONE, "description": "The first response of a human: what stops the clock"},
    "contacted_at": {**INSTANT_OR_NONE, "description": "The first two-way exchange: they talked, or the lead answered the rep"},
    "breached_at": INSTANT_OR_NONE,
    "closed_at": INSTANT_OR_NONE,
    "changed_at": INSTANT,
    "stage": {
        "type": ["string", "null"],
        "enum": [*STAGES, None],
        "description": "The newest that a CRM has told",
    },
    "stage_at": {**INSTANT_OR_NONE, "description": "When it came to that in the CRM"},
}
_SAID = ("first_name", "last_name", "company", "campaign", "utm", "click_ids", "consent", "locale", "attachments", "extra", "submitted_at", "is_test")  # fmt: skip
DELIVERY: dict[str, Schema] = {
    "event": {"type": "string", "description": "As of a lead; also call_status, voicemail_text and the like"},
    "external_id": TEXT_OR_NONE,
    "source": TEXT,
    "received_at": INSTANT,
    **dict.fromkeys(("channel", "name", "phone", "email", "message"), TEXT_OR_NONE),
    **{name: LEAD[name] for name in _SAID},
}
STEP: dict[str, Schema] = {
    "at": INSTANT,
    "event": TEXT,
    "data": ANYTHING,
    "was": TEXT,
    "became": TEXT,
    "owner": TEXT_OR_NONE,
    "why": {"type": "string", "description": "The reason, in words"},
    "details": TEXTS,
    "late_by_seconds": {
        "type": ["number", "null"],
        "description": "For an alarm: how long after its due instant this was decided",
    },
}
MESSAGE: dict[str, Schema] = {
    "id": TEXT,
    "recipient": {"type": "string", "description": "lead, rep:<id>, manager:<id> or operator"},
    "channel": TEXT,
    "purpose": TEXT,
    "template": TEXT,
    "subject": TEXT_OR_NONE,
    "body": TEXT_OR_NONE,
    "state": TEXT,
    "error_code": TEXT_OR_NONE,
    "created_at": INSTANT,
    "not_before": INSTANT_OR_NONE,
    "sent_at": INSTANT_OR_NONE,
    "delivered_at": INSTANT_OR_NONE,
}
REP: dict[str, Schema] = {
    "id": TEXT,
    "name": TEXT,
    "pools": TEXTS,
    "presence": TEXT,
    "presence_until": INSTANT_OR_NONE,
    "on_duty": YES_NO,
    "absence": {"type": ["string", "null"], "description": "Why not on duty: off shift, on leave, away, busy, backing off, off"},
    "back_at": INSTANT_OR_NONE,
    "open": WHOLE,
    "unanswered": WHOLE,
    "today": WHOLE,
    "cap_open": WHOLE_OR_NONE,
    "cap_unanswered": WHOLE_OR_NONE,
    "cap_today": WHOLE_OR_NONE,
    "room": {"type": ["integer", "null"], "minimum": 0, "description": "How many more leads; null: no cap"},
}
POOL: dict[str, Schema] = {
    "id": TEXT,
    "name": TEXT,
    "members": TEXTS,
    "strategy": TEXT,
    "offer": {"type": "string", "enum": list(OfferStyle)},
    "offer_for_seconds": WHOLE,
    "free": {**WHOLE, "description": "Members who could take a lead now"},
    "waiting": {**WHOLE, "description": "Leads for which nobody has room"},
}
LETTER: dict[str, Schema] = {
    "id": {"type": "string", "description": "The event's id, also in the header webhook-id"},
    "type": TEXT,
    "endpoint": TEXT,
    "lead": {"type": "string", "description": "The lead's code"},
    "at": INSTANT,
    "tries": WHOLE,
    "status": {"type": ["integer", "null"], "description": "What the endpoint answered last, if it did"},
    "error": TEXT_OR_NONE,
    "died_at": INSTANT_OR_NONE,
}
AGAIN: Schema = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "description": "The id of one event"},
        "endpoint": {"type": "string", "description": "An endpoint of the team file; needed with `since`"},
        "since": {**INSTANT, "description": "Everything that happened since then"},
        "dead": {"type": "boolean", "description": "With `since`: only what could not be delivered"},
    },
}
ONE_PERSON: dict[str, Schema] = {
    "person": {"type": "string", "description": "The person who is kept"},
    "into": {"type": ["string", "null"], "description": "The open lead that goes on for both, if both had one"},
    "folded": {**TEXTS, "description": "Open leads that went into it"},
}
FIGURES: dict[str, Schema] = {
    "name": {
        "type": ["string", "null"],
        "description": "Of the source, campaign or rep; null where there is none, and for the rest",
    },
    "is_rest": {"type": "boolean", "description": "All beyond the hundred with the most leads, as one"},
    "leads": WHOLE,
    "answered": {**WHOLE, "description": "By a human"},
    "talked": {**WHOLE, "description": "As the rep reported, like not_now and bad_number"},
    "not_now": WHOLE,
    "bad_number": WHOLE,
    "qualified": {**WHOLE, "description": "As the CRM told, like won and lost: each lead once, by its newest stage"},
    "won": WHOLE,
    "lost": WHOLE,
    "stage_at": {**INSTANT_OR_NONE, "description": "The newest of their stages' instants"},
}
SHARE: dict[str, Schema] = {
    "count": WHOLE,
    "share": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
    "low": {"type": "number", "minimum": 0, "maximum": 1, "description": "Wilson's interval, 95 %"},
    "high": {"type": "number", "minimum": 0, "maximum": 1},
}
SPEED: dict[str, Schema] = {
    "source": {"type": ["string", "null"], "description": "null: all sources together"},
    "bucket": {
        "type": "string",
        "enum": list(BUCKETS),
        "description": "From arrival to the first human response, by the clock on the wall",
    },
    "leads": WHOLE,
    "qualified": {"$ref": "#/components/schemas/Share", "description": "Qualified or won"},
    "won": {"$ref": "#/components/schemas/Share"},
}
STAGE_NOW: dict[str, Schema] = {
    "code": TEXT,
    "source": TEXT,
    "campaign": TEXT_OR_NONE,
    "owner": TEXT_OR_NONE,
    "stage": {"type": "string", "enum": list(STAGES)},
    "stage_at": INSTANT_OR_NONE,
    "arrived_at": INSTANT,
}
REPORTS: dict[str, Schema] = {
    "since": INSTANT,
    "until": INSTANT,
    "by_source": listed("Figures"),
    "by_campaign": listed("Figures"),
    "by_rep": listed("Figures"),
    "by_speed": listed("Speed"),
    "newest": {**listed("StageNow"), "description": "The newest stages first, at most 50"},
}
PROOF: dict[str, Schema] = {"at": TEXT, "page": TEXT_OR_NONE, "address": TEXT_OR_NONE, "user_agent": TEXT_OR_NONE}
FULL: dict[str, Schema] = {
    **LEAD,
    "consent_shown_by": closed("When, on which page and from which address the consent was given", PROOF),
    "opted_out": listed("OptOut"),
    "matched": TEXTS,
    "steps": listed("Step"),
    "messages": listed("Message"),
    "deliveries": listed("Delivery"),
}
ERROR = closed("A fault in words", {"what": TEXT, "where": TEXT, "mend": TEXT})
SCHEMAS: dict[str, Schema] = {
    "Lead": closed("A lead and where it stands", LEAD),
    "FullLead": closed("A lead with all that happened", FULL),
    "Coming": closed("On disk, not yet decided", {"code": TEXT, "status": {"const": "new"}, "arrived_at": INSTANT}),
    "OptOut": closed("A channel closed to the person", {"channel": TEXT, "since": INSTANT, "reason": TEXT}),
    "Step": closed("Something that happened, and why", STEP),
    "Delivery": closed("Something that came in for the lead, as it was understood; the first began it", DELIVERY),
    "Message": closed("Something that was said", MESSAGE),
    "Rep": closed("A rep as they stand now", REP),
    "Pool": closed("A pool as it stands now", POOL),
    "Leads": closed("A page of leads", {"leads": listed("Lead"), "next": TEXT_OR_NONE}),
    "Reps": closed("The reps", {"reps": listed("Rep")}),
    "Pools": closed("The pools", {"pools": listed("Pool")}),
    "Letter": closed("An event that could not be delivered", LETTER),
    "Letters": closed("Dead letters, newest first, at most 100", {"events": listed("Letter")}),
    "Again": AGAIN,
    "Other": {"type": "object", "properties": {"with": {"type": "string", "description": "The code of another lead"}}},
    "OnePerson": closed("Two people are one now", ONE_PERSON),
    "Apart": closed("A lead is another person's now", {"person": TEXT, "leads": TEXTS}),
    "Queued": closed("How many events are on their way again", {"queued": WHOLE}),
    "Figures": closed("What became of leads that have something in common", FIGURES),
    "Speed": closed("What became of leads that were answered so soon", SPEED),
    "Share": closed("A part of the leads", SHARE),
    "StageNow": closed("A lead and its newest stage", STAGE_NOW),
    "Reports": closed("What became of the leads that arrived in a span, as they stand now", REPORTS),
    "Instants": speed.SCHEMA,
    "Fault": closed("What went wrong", {"error": ERROR}),
}
