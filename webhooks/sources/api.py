"""Our own API for everything else: POST the common lead as JSON, with a bearer key; docs/sources.md lists its fields."""

from collections.abc import Iterator, Mapping, Sequence

from config import lead, normal
from config.consent import agreed
from config.questions import OURS, Asked
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import keys
from webhooks.answers import Answer, taken
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import Conflicting, Unreadable
from webhooks.example import Example
from webhooks.files import files_in
from webhooks.submission import Told, heard, joined, scalar

EXAMPLE = Example(
    headers={"content-type": "application/json", "idempotency-key": "crm-1014"},
    body=b'{"name": "Dana Cole", "phone": "+1 512 555 0143", "email": "dana@example.com", "message": "Need a demo this week",'
    b' "campaign": {"name": "Spring"}, "extra": {"employees": 140}}',
    secret="api-6Yu8Io0PaSdFgHjKlZxC",
    sign=keys.bearer,
    signs_body=False,
)
CONTENT_TYPES = frozenset({"application/json"})
KEY_ALONE = True
verify = keys.verify
DOCS = SourceDocs(
    vendor="JSON API",
    verified_by="a bearer key of ours: `Authorization: Bearer <key>`",
    answers='at once: 202 with `{"lead": "A7"}`; 200 for what came before; 409 for the same key with another body; 4xx with what, where and how to mend',
    retries="yours: repeat on 429 and 5xx with the same `Idempotency-Key`",
    key="`Idempotency-Key`, else `external_id`; else derived from what was said, for the source's dedupe window",
    mapped="`name` or `first_name` and `last_name`, `phone`, `email`, `company`, `message`, `locale`, `zone`, `page_url`, `submitted_at` (ISO 8601),"
    " `is_test`, `channel`, `campaign` {id, name, ad_id, adset_id, adgroup_id, form_id, ref, headline, medium}, `utm` {source, medium, campaign,"
    " term, content}, `click_ids` {gclid, gbraid, wbraid, fbclid, msclkid, ttclid, li_fat_id, ctwa_clid}, `consent` [{key, value, text}],"
    " `attachments` [{url, type, name, duration_s}], `extra` {...}; any other key is kept in `extra`",
    at_vendor=(
        "Write the source into the team file with `type: api` and a `secret`.",
        "`curl https://<your Headroom>/webhooks/<source id> -H 'Authorization: Bearer <the source's secret>' -H 'Idempotency-Key: order-1001'"
        ' -H \'Content-Type: application/json\' -d \'{"name": "Dana Cole", "phone": "+1 512 555 0143", "is_test": true}\'`',
    ),
    tests="`is_test: true`",
)
_CAMPAIGN = ("id", "name", "ad_id", "adset_id", "adgroup_id", "form_id", "ref", "headline", "medium")
_GROUPS = ("campaign", "utm", "click_ids", "extra")
_LISTS = ("consent", "attachments")
_AROUND = frozenset({*_GROUPS, *_LISTS, "external_id", "is_test", "submitted_at", "page_url", "locale", "zone", "channel"})
_CHANNELS = ("form", "ads_form", "chat", "email", "phone", "partner", "import")


def parse(delivery: Delivery) -> list[Received]:
    """One lead. Raises Unreadable, and says which field is not what it should be."""
    value = delivery.json_object
    _check(value)
    given = normal.identifier(delivery.headers.get("idempotency-key", "").strip('"')) or normal.identifier(
        value.get("external_id")
    )
    utm, clicks = (_object(value.get(name)) for name in ("utm", "click_ids"))
    told = Told(
        key=f"api:{given}" if given else "",
        page_url=joined(value.get("page_url")),
        tracked={**clicks, **{f"utm_{name}": each for name, each in utm.items()}},
        consent=list(_consents(value.get("consent"))),
        extra={
            normal.clean_line(name, 80): scalar(each)
            for name, each in list(_object(value.get("extra")).items())[: lead.MOST_EXTRAS]
        },
        is_test=value.get("is_test") is True,
        lead={
            "channel": value.get("channel") if value.get("channel") in _CHANNELS else "form",
            "campaign": {name: normal.clean_line(joined(_object(value.get("campaign")).get(name))) for name in _CAMPAIGN},
            "submitted_at": normal.instant(joined(value.get("submitted_at"))),
            "locale": normal.clean_line(joined(value.get("locale")), 35),
            **({"zone": zone} if (zone := normal.zone(joined(value.get("zone")))) else {}),
            "attachments": list(_attachments(value.get("attachments"))),
        },
    )
    asked = [_asked(name, each) for name, each in value.items() if name not in _AROUND]
    return [heard(delivery, asked, told)]


def answer(_delivery: Delivery, recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """The lead's code. Raises Conflicting: same key, other body."""
    if any(each.conflict for each in recorded):
        raise Conflicting("This key came before with another body", where="the key", mend="Use a new key for a new lead.")
    return taken(recorded)


def _asked(name: str, value: object) -> Asked:
    return Asked(name, value if isinstance(value, str) else scalar(value), name if name in OURS else "")


def _check(value: Mapping[str, object]) -> None:
    for name in _GROUPS:
        if value.get(name) is not None and not isinstance(value[name], dict):
            raise Unreadable("This must be an object", where=name, mend=f'Send {{"{name}": {{...}}}}.')
    for name in _LISTS:
        if value.get(name) is not None and not isinstance(value[name], list):
            raise Unreadable("This must be a list", where=name, mend=f'Send {{"{name}": [...]}}.')
    if value.get("submitted_at") and not normal.instant(joined(value["submitted_at"])):
        raise Unreadable("This is no time", where="submitted_at", mend="Send it as 2026-11-24T16:00:00Z.")
    if not isinstance(value.get("is_test", False), bool):
        raise Unreadable("This must be true or false", where="is_test", mend='Send {"is_test": true}.')


def _object(value: object) -> dict[str, object]:
    return {str(name): each for name, each in value.items()} if isinstance(value, dict) else {}


def _consents(value: object) -> Iterator[lead.Content]:
    for each in value[:20] if isinstance(value, list) else ():
        if isinstance(each, dict):
            key, text = normal.clean_line(each.get("key") or "consent", 80), normal.clean_text(each.get("text"), 1000)
            yield lead.common_lead(key=key, value=agreed(each.get("value")), text=text)


def _attachments(value: object) -> Iterator[lead.Content]:
    for each in value[:20] if isinstance(value, list) else ():
        if isinstance(each, dict) and isinstance(each.get("url"), str):
            length = each.get("duration_s")
            told = {name: normal.clean_line(each.get(name), 1000) for name in ("url", "type", "name")}
            yield lead.common_lead(
                **told, duration_s=length if isinstance(length, int | float) and not isinstance(length, bool) else None
            )
        elif isinstance(each, str):
            yield from (lead.common_lead(**file) for file in files_in(each, surely=True))
