"""Webflow: a JSON for each form submission, the answers by their labels. Webhooks made through its API are signed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from config import lead, normal
from config.consent import agreed, agrees
from config.fields import our_name
from config.questions import Asked
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import form_signatures, keys
from webhooks.answers import Answer, taken
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, Unreadable
from webhooks.example import Example
from webhooks.files import files_in
from webhooks.submission import Told, heard

log = structlog.get_logger("webhooks")
EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"triggerType": "form_submission", "payload": {"name": "Contact", "siteId": "65427cf400e02b306eaa049c", "data": {"Name": "Dana Cole",'
    b' "Email": "dana@example.com", "Phone": "+1 512 555 0143"}, "submittedAt": "2026-11-24T16:00:00.117Z", "id": "6321ca84df3949bfc6752314",'
    b' "formId": "65429eadebe8a9f3a30f62d0"}}',
    secret="a webflow secret of the example",
    sign=lambda _url, body, secret, now: form_signatures.sign_webflow(body, secret, now),
)
CONTENT_TYPES = frozenset({"application/json"})
KEEPS_UNREADABLE = True
KEY_INSTEAD = True
DOCS = SourceDocs(
    vendor="Webflow",
    verified_by="`x-webflow-signature`: hex HMAC-SHA256 of `timestamp:body`, at most 300 s old; webhooks made in the dashboard may"
    " carry none: there a key of ours in the address",
    answers="200 at once",
    retries="3 tries, 10 minutes apart",
    key="`payload.id`",
    mapped="the labels of `payload.data`, or `fields`; utm and click ids from hidden fields; a ticked consent box with its label",
    at_vendor=(
        "Create the webhook through Webflow's API (trigger `form_submission`, address `https://<your Headroom>/webhooks/<source id>`)"
        " and put its `secretKey`, or the OAuth app's client secret, into the source's `secret`.",
        "Or: Site settings > Apps & integrations > Webhooks > Add webhook > Form submission, API version 2, with the address"
        " `https://<your Headroom>/webhooks/<source id>/<the source's secret>`.",
        "Publish the site and send the form once.",
    ),
    tests="a field `headroom_test` with the value of our own test form, or `is_test` of the payload",
    thin="the number of retries is a third party's word. A signature that is there must fit; the key counts only where there is"
    " none; the log says which it was (signature_matched: reading).",
)
_CONSENT_TYPES = frozenset({"FormCheckboxInput", "checkbox"})
_FILE_TYPES = frozenset({"FormFileUploadInput", "file"})


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine."""
    if "x-webflow-signature" not in delivery.headers and "x-webflow-timestamp" not in delivery.headers:
        keys.verify(delivery, secrets)
        log.info("signature_matched", source=delivery.source.id, reading="none, key alone")
    elif not form_signatures.is_webflows(delivery, secrets):
        mend = "Put the webhook's secretKey (or the app's client secret) into `secret`, and check your clock (300 s)."
        raise NotGenuine("The signature is wrong or too old", where="the x-webflow-signature header", mend=mend)
    else:
        log.info("signature_matched", source=delivery.source.id, reading="signature")


def parse(delivery: Delivery) -> list[Received]:
    """One lead. Raises Unreadable."""
    value = delivery.json_object
    payload = value.get("payload") if isinstance(value.get("payload"), dict) else value
    assert isinstance(payload, dict)
    data, number = payload.get("data"), normal.identifier(payload.get("id") or payload.get("_id"))
    if not isinstance(data, dict) or not number or value.get("triggerType", "form_submission") != "form_submission":
        raise Unreadable(
            "This is no form submission", where="payload.id, payload.data", mend="Choose the trigger `form_submission`."
        )
    kinds = _kinds(payload.get("schema"))
    consents = {str(name): said for name, said in data.items() if _is_consent(str(name), kinds)}
    files = {str(name): said for name, said in data.items() if kinds.get(str(name)) in _FILE_TYPES}
    told = Told(
        key=f"webflow:{number}",
        tracked=data,
        consent=[_consent(name, said) for name, said in consents.items()],
        extra={
            "form_id": normal.identifier(payload.get("formId")),
            "form_name": normal.clean_line(payload.get("name", "")),
            "site_id": normal.identifier(payload.get("siteId")),
        },
        is_test=payload.get("is_test") is True or value.get("is_test") is True,
        lead={
            "submitted_at": normal.instant(payload.get("submittedAt") or payload.get("d") or ""),  # `d`: version 1 of the payload
            "attachments": [file for said in files.values() for file in files_in(said, surely=True)],
        },
    )
    asked = [_asked(str(name), said, kinds) for name, said in data.items() if str(name) not in {**consents, **files}]
    return [heard(delivery, asked, told)]


def answer(_delivery: Delivery, recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """200, with the lead's code."""
    return replace(taken(recorded), status=200)


def _kinds(schema: object) -> dict[str, str]:
    fields = [each for each in schema if isinstance(each, dict)] if isinstance(schema, list) else []
    return {str(each.get("fieldName")): str(each.get("fieldType")) for each in fields}


def _asked(name: str, said: object, kinds: Mapping[str, str]) -> Asked:
    known = our_name(name) != "extra"
    return Asked(name, said, means="message" if kinds.get(name) == "FormTextarea" and not known else "")


def _is_consent(name: str, kinds: Mapping[str, str]) -> bool:
    return our_name(name) == "consent" or (agrees(name) and kinds.get(name, "FormCheckboxInput") in _CONSENT_TYPES)


def _consent(name: str, said: object) -> lead.Content:
    return lead.common_lead(key=normal.clean_line(name, 80), value=agreed(said), text=normal.clean_text(name, 1000))
