"""What people mean who bring the words of another program along: a hint for each, where the nearest spelling would mislead."""

from collections.abc import Mapping

_MANAGER, _AGAIN = "Write `do: tell, who: pool_managers`.", "Write `do: reoffer`."
_OWN_PAGES = "Write `form` for your own pages and servers, or `api` for programs that post JSON with a key."
_NOT_A_RUNG = "How a lead is offered stands in the pool (`offer`, `offer_for`); the ladder begins after that. Remove this rung."

# for the value of a key: the word given, and the word to write or what to do instead
_VALUES: Mapping[str, Mapping[str, str]] = {
    "do": {
        **dict.fromkeys(("alert_manager", "notify_manager", "tell_manager", "manager", "alert", "notify", "escalate"), _MANAGER),
        **dict.fromkeys(("alert_director", "notify_director", "director"), "Write `do: tell, who: director`."),
        **dict.fromkeys(("offer_next", "next", "reassign", "re_offer", "take_back"), _AGAIN),
        **dict.fromkeys(("offer", "assign", "route"), _NOT_A_RUNG),
        "nudge": "remind",
    },
    "who": {"manager": "pool_managers", "managers": "pool_managers", "rep": "owner", "everyone": "whole_pool", "pool": "whole_pool"},
    "type": {
        **dict.fromkeys(("webhook", "web", "website", "html", "http", "json", "generic"), _OWN_PAGES),
        **dict.fromkeys(("voice", "call", "calls", "phone"), "twilio_voice"),
        **dict.fromkeys(("sms", "text", "texts", "whatsapp", "twilio", "messaging"), "twilio_messaging"),
        **dict.fromkeys(("email", "mail", "sendgrid"), "sendgrid_inbound"),
        **dict.fromkeys(("facebook", "messenger", "instagram", "lead_ads", "whatsapp_cloud"), "meta"),
    },
    "strategy": {
        **dict.fromkeys(("weighted_round_robin", "wrr"), "Write `round_robin`: it goes by weight."),
        **dict.fromkeys(("least_busy", "least_open", "balanced"), "least_loaded"),
        **dict.fromkeys(("sticky", "owner", "same_rep"), "owner_first"),
        "random": "Write `round_robin`: it is fair, and every choice can be explained.",
    },
    "offer": {
        **dict.fromkeys(("sequential", "sequence", "single", "one", "in_turn"), "one_at_a_time"),
        **dict.fromkeys(("all", "everyone", "first_come", "shark_tank"), "broadcast"),
        **dict.fromkeys(("auto", "direct", "push"), "assign"),
    },
    "queue": {"fifo": "oldest_first", "deadline": "fresh_first", "priority": "fresh_first"},
}  # fmt: skip

# for a key that is not known in a part of the file ("" is the top): the key to write, or what to do instead
_KEYS: Mapping[str, Mapping[str, str]] = {
    "": {
        **dict.fromkeys(("webhooks_out", "webhooks", "outgoing", "hooks"), "Write `endpoints:`; docs/events.md shows it."),
        **dict.fromkeys(("users", "people", "agents", "team", "staff"), "reps"),
        **dict.fromkeys(("calendars", "schedules", "business_hours", "working_hours"), "hours"),
        **dict.fromkeys(("teams", "groups", "queues"), "pools"),
        **dict.fromkeys(("routing", "routes"), "rules"),
        **dict.fromkeys(("escalations", "policies"), "slas"),
    },
    "reps": {
        **dict.fromkeys(("max", "limit", "capacity", "max_open"), "cap"),
        **dict.fromkeys(("vacation", "holiday", "holidays", "time_off", "absence"), "leave"),
        **dict.fromkeys(("schedule", "shift", "shifts", "working_hours", "availability"), "hours"),
        **dict.fromkeys(("mobile", "tel", "cell", "number"), "phone"),
        **dict.fromkeys(("pool", "pools"), "A pool names its reps under `members`."),
        "mail": "email",
    },
    "pools": {
        **dict.fromkeys(("reps", "users", "team", "agents"), "members"),
        **dict.fromkeys(("timeout", "offer_timeout", "accept_within"), "offer_for"),
        **dict.fromkeys(("schedule", "clock", "business_hours"), "hours"),
        **dict.fromkeys(("routing", "mode"), "strategy"),
    },
    "slas": {
        "counts_as_touch": "A bridged call, a text or e-mail through Headroom, and the rep's report always count. Remove the line.",
        **dict.fromkeys(("escalate", "escalation", "escalations", "rungs"), "ladder"),
        **dict.fromkeys(("respond_within", "response", "first_response", "target"), "first_response_within"),
        **dict.fromkeys(("hours", "calendar", "business_hours"), "clock"),
    },
    "rules": {
        **dict.fromkeys(("pool", "to", "then", "assign_to", "route_to"), "send_to"),
        **dict.fromkeys(("if", "match", "condition", "conditions", "where"), "when"),
        **dict.fromkeys(("skills", "skill", "requires"), "needs"),
    },
    "sources": {
        **dict.fromkeys(("ack", "reply", "auto_reply", "autoresponder"), "acknowledge"),
        **dict.fromkeys(("redirect", "thank_you", "success_url", "thanks_url"), "thanks"),
        **dict.fromkeys(("origins", "origin", "cors"), "allowed_origins"),
        **dict.fromkeys(("mapping", "field_map"), "fields"),
        **dict.fromkeys(("key", "token", "signing_key", "password"), "secret"),
        "rules": "Rules stand at the top of the file; a source may name one `pool` instead.",
    },
}  # fmt: skip


def meant_value(key: str, word: str) -> str:
    """A hint for a value of `key` that is not known; empty if none comes to mind."""
    return _hint(_VALUES.get(key, {}).get(_plain(word), ""))


def meant_key(path: str, word: str) -> str:
    """A hint for the key `word` that is not known at the dotted `path`; empty if none comes to mind."""
    part, _, rest = path.partition(".")
    return "" if "." in rest else _hint(_KEYS.get(part, {}).get(_plain(word), ""))


def _plain(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")


def _hint(meant: str) -> str:
    return f"Did you mean {meant!r}?" if meant and " " not in meant else meant
