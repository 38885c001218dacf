"""Google Ads lead forms: a JSON with the key of the form asset inside. 64-bit ids are texts here: several exceed 2^53."""

from collections.abc import Sequence
from datetime import timedelta

from config import normal
from config.questions import Asked
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import keys
from webhooks.answers import Answer, as_json
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.derived_keys import before
from webhooks.errors import NotGenuine, NotSigned, Refused, TooMany, Unreadable
from webhooks.example import Example
from webhooks.submission import Told, heard, joined

EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"lead_id": "CjwKCAjw14", "user_column_data": [{"column_name": "Full Name", "string_value": "Dana Cole", "column_id": "FULL_NAME"},'
    b' {"column_name": "User Email", "string_value": "dana@example.com", "column_id": "EMAIL"}], "api_version": "1.0",'
    b' "form_id": 40000000000, "campaign_id": 9007199254740993, "google_key": "a google key of the example", "is_test": false,'
    b' "gcl_id": "EAIaIQob"}',
    secret="a google key of the example",
    sign=lambda _url, _body, _secret, _now: {},
    signs_body=False,
)
CONTENT_TYPES = frozenset({"application/json", "text/plain"})
KEY_ALONE = True  # so that whoever tries keys is slowed down
DOCS = SourceDocs(
    vendor="Google Ads lead forms",
    verified_by="`google_key` in the body, the key typed into the form asset (at most 50 characters)",
    answers='200 with `{}`, no limit is documented: ours comes at once; a refusal is `{"message": ...}`',
    retries="5xx is tried again, 4xx is not; leads can be downloaded for 60 days",
    key="`lead_id`",
    mapped="standard columns by `column_id` (name, e-mail, phone, company; work e-mail and phone where there is no other); place and"
    " custom questions are kept; campaign, ad group, creative, asset group and form ids; `gcl_id` is the click",
    at_vendor=(
        "Ads > Assets > Lead form: edit the form, then Lead delivery options > Webhook integration.",
        "Webhook URL: `https://<your Headroom>/webhooks/<source id>`; Key: the source's `secret`.",
        "Press Send test data: the lead shows up marked as a test.",
    ),
    tests="`is_test`; the button sends the same `lead_id` again and again, so a test counts as new once the dedupe window is over",
    thin="which answers are tried again is from general knowledge: what we want again is answered with a 5xx, and a"
    " lead that comes twice is one by its `lead_id`, whichever it is. What consent the form asked for is only in the asset.",
)
_COLUMNS = {
    "FULL_NAME": "name", "FIRST_NAME": "first_name", "LAST_NAME": "last_name", "EMAIL": "email", "PHONE_NUMBER": "phone",
    "COMPANY_NAME": "company", "WORK_EMAIL": "email", "WORK_PHONE": "phone",
}  # fmt: skip
_LATER = ("WORK_EMAIL", "WORK_PHONE")  # only where the person's own is not there
_IDS = {
    "id": "campaign_id",
    "adgroup_id": "adgroup_id",
    "ad_id": "creative_id",
    "form_id": "form_id",
    "asset_group_id": "asset_group_id",
}


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned, NotGenuine, or Unreadable for what is no JSON object."""
    given = delivery.json_object.get("google_key")
    if not given:
        mend = "Enter the key in the lead form's webhook settings."
        raise NotSigned("The key is missing", where="google_key", mend=mend)
    if not any(keys.is_same(str(given), secret) for secret in secrets):
        mend = "Enter this source's secret as the key in the lead form's webhook settings."
        raise NotGenuine("The key is wrong", where="google_key", mend=mend)


def parse(delivery: Delivery) -> list[Received]:
    """One lead. Raises Unreadable without a lead_id."""
    value = delivery.json_object
    number = normal.identifier(value.get("lead_id"))
    if not number:
        raise Unreadable("There is no lead", where="lead_id", mend="Send Google's lead form data.")
    columns = [each for each in _list(value.get("user_column_data")) if isinstance(each, dict)]
    is_test = joined(value.get("is_test")).lower() == "true"
    told = Told(
        key=f"google_ads:{number}",
        tracked={**value, "gclid": value.get("gcl_id")},
        is_test=is_test,
        extra={"lead_stage": normal.clean_line(joined(value.get("lead_stage"))) or None},
        lead={
            "channel": "ads_form",
            "campaign": {ours: _number(value.get(theirs)) for ours, theirs in _IDS.items()},
            "submitted_at": normal.instant(joined(value.get("lead_submit_time"))),
        },
    )
    found = heard(delivery, [_asked(each) for each in sorted(columns, key=_is_later)] or [Asked("lead_id", number)], told)
    return [_as_test(delivery, found) if is_test else found]


def answer(_delivery: Delivery, _recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """200 and an empty object."""
    return as_json(200, {})


def refuse(refused: Refused) -> Answer:
    """The vendor shows `message` to whoever set the form up. It drops what a 4xx answers, so one that came too fast is asked for again."""
    return as_json(
        503 if isinstance(refused, TooMany) else refused.status,
        {"message": f"{refused.what} ({refused.where}). {refused.mend}".strip()},
        refused.headers,
    )


def _as_test(delivery: Delivery, found: Received) -> Received:
    """The test button repeats its lead_id for ever: what came before this stretch of time is another test."""
    window = max(delivery.source.dedupe_for, timedelta(seconds=1)).total_seconds()
    bucket = int(delivery.received_at.timestamp() // window)
    content = {**found.content, **before(delivery, f"{found.external_id}:test:{bucket - 1}")}
    key = f"{found.external_id}:test:{bucket}"
    return Received(found.source, key, found.event, content, found.body, found.headers, found.received_at)


def _asked(column: dict[str, object]) -> Asked:
    kind, words = joined(column.get("column_id")), joined(column.get("column_name"))
    value = joined(column.get("string_value"))
    if kind in _COLUMNS:
        return Asked(kind, value, _COLUMNS[kind], also=(words,))
    standard = kind.isupper() and kind.replace("_", "").isalpha()  # CITY, POSTAL_CODE, JOB_TITLE ...: none of ours
    return Asked(words or kind or "question", value, "extra" if standard else "", also=(kind,))


def _is_later(column: dict[str, object]) -> bool:
    return column.get("column_id") in _LATER


def _number(value: object) -> str:
    number = normal.identifier(value)
    return "" if number == "0" else number


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
