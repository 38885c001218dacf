"""Typeform: one signed JSON for each response. The answers hold only what was answered; what was asked is in the definition."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from config import lead, normal
from config.questions import OURS, Asked
from store.inbox import Received
from webhooks import form_signatures
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned, Unreadable
from webhooks.example import Example
from webhooks.files import files_in
from webhooks.submission import Told, heard, scalar

EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"event_id": "01HQ14", "event_type": "form_response", "form_response": {"form_id": "lT4Z3j", "token": "a3a12ec67a14",'
    b' "submitted_at": "2026-11-24T16:00:00Z", "hidden": {"utm_source": "bing"}, "definition": {"id": "lT4Z3j", "title": "Quote",'
    b' "fields": [{"id": "n1", "title": "What is your name?", "type": "short_text", "ref": "name"}]}, "answers": ['
    b'{"type": "text", "text": "Dana Cole", "field": {"id": "n1", "type": "short_text", "ref": "name"}},'
    b' {"type": "email", "email": "dana@example.com", "field": {"id": "e1", "type": "email", "ref": "mail"}}]}}',
    secret="a typeform secret of the example",
    sign=lambda _url, body, secret, _now: {"typeform-signature": form_signatures.sign_typeform(body, secret)},
)
CONTENT_TYPES = frozenset({"application/json"})
KEEPS_UNREADABLE = True
DOCS = SourceDocs(
    vendor="Typeform",
    verified_by="`Typeform-Signature`: base64 HMAC-SHA256 of the raw body with the webhook's secret",
    answers="any 2xx within 30 s; ours is 202, 200 for what came before and for what cannot be read (it is kept)",
    retries="404 and 410 switch the webhook off; 408, 423, 429 and 503 are tried again every 2-3 minutes for 10 hours; others up to 5 times",
    key="`form_response.token`",
    mapped="e-mail and phone questions by their type, the parts of a contact question by what they are for; others by `ref`, id or title under `fields`, else by the words of the"
    " title; a long text becomes the message, `legal` the consent; hidden fields give utm and click ids; the rest is kept by `ref` or title",
    at_vendor=(
        "Open the form, then Connect > Webhooks > Add a webhook.",
        "Enter `https://<your Headroom>/webhooks/<source id>` and switch the webhook on.",
        "Edit > Secret: enter a random text and put the same into the source's `secret`.",
        "View deliveries > Send test request: the lead shows up marked as a test.",
    ),
    tests="its test request answers with `an_account@example.com` or nothing but Lorem ipsum: taken as a test",
    thin="partial responses (`form_response_partial`) are taken as leads only if they hold a phone number or an e-mail address; the whole"
    " response is then a word on that lead.",
)
_MARKUP = re.compile(r"\{\{[^}]*\}\}|[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}")
_MACHINE_REF = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|[0-9A-HJKMNP-TV-Z]{26}", re.IGNORECASE)
_TEST_ADDRESS = "an_account@example.com"
_DATED = frozenset({"form_response", "form_response_partial"})
_PARTS = {  # of a question for contact details, whatever words it shows
    "first_name": "first_name", "last_name": "last_name", "email": "email", "phone": "phone", "phone_number": "phone", "company": "company",
}  # fmt: skip


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine."""
    signature = delivery.headers.get("typeform-signature", "")
    if not signature:
        mend = "Enter a secret in the webhook's settings at Typeform; without one it signs nothing."
        raise NotSigned("The signature is missing", where="the Typeform-Signature header", mend=mend)
    if not form_signatures.is_typeforms(delivery.body, signature, secrets):
        mend = "Put the webhook's secret into `secret` of this source."
        raise NotGenuine("The signature is wrong", where="the Typeform-Signature header", mend=mend)


def parse(delivery: Delivery) -> list[Received]:
    """One lead; none for a partial response that names no address. Raises Unreadable."""
    value = delivery.json_object
    kind, said = value.get("event_type"), value.get("form_response")
    token = normal.identifier(said.get("token")) if isinstance(said, dict) else ""
    if not isinstance(kind, str) or kind not in _DATED or not isinstance(said, dict) or not token:
        mend = "Send the event `form_response`."
        raise Unreadable("This is no response of a form", where="event_type, form_response.token", mend=mend)
    answers = [each for each in _list(said.get("answers")) if isinstance(each, dict)]
    questions = _questions(said)
    asked = list(_asked(answers, questions))
    given = said.get("hidden")
    hidden = given if isinstance(given, dict) else {}
    told = Told(
        key=f"typeform:{token}",
        tracked=hidden,
        consent=[consent for answer in answers if (consent := _consent(answer, questions))],
        extra=_extra(said),
        is_test=_is_test(answers),
        lead={
            "submitted_at": normal.instant(said.get("submitted_at") or ""),
            "attachments": [file for each in answers for file in files_in(each.get("file_url"), surely=True)],
        },
    )
    hidden_asked = [Asked(str(name), scalar(each)) for name, each in hidden.items() if not lead.is_tracking(str(name).lower())]
    found = heard(delivery, [*asked, *hidden_asked], told)
    if kind == "form_response":
        return [found]
    # under a key of its own: the whole response comes later with the same token, and must not be taken for the same thing again
    return [replace(found, external_id=f"{found.external_id}:partial")] if found.content.keys() & {"phone", "email"} else []


def _questions(said: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    definition = said.get("definition")
    fields = _list(definition.get("fields")) if isinstance(definition, dict) else []
    return {str(each.get("id")): each for each in _flattened(fields)}


def _flattened(fields: Sequence[object], depth: int = 0) -> Iterator[Mapping[str, object]]:
    """The questions, and those inside groups."""
    for each in fields:
        if isinstance(each, dict):
            yield each
            inner = each.get("properties")
            if isinstance(inner, dict) and depth < 5:
                yield from _flattened(_list(inner.get("fields")), depth + 1)


def _asked(answers: Sequence[Mapping[str, object]], questions: Mapping[str, Mapping[str, object]]) -> Iterator[Asked]:
    longs = 0
    for answer in answers:
        field = answer.get("field") if isinstance(answer.get("field"), dict) else {}
        assert isinstance(field, dict)
        number, kind = normal.identifier(field.get("id")), str(field.get("type") or "")
        question = questions.get(number, {})
        kind, value = kind or str(question.get("type") or ""), _value(answer)
        if kind == "legal" or answer.get("type") == "file_url" or value in (None, ""):
            continue
        title = _MARKUP.sub("", str(question.get("title") or field.get("title") or "")).strip(" ,!:*")
        ref = normal.identifier(field.get("ref") or question.get("ref"))
        longs += kind == "long_text"
        means = _PARTS.get(str(question.get("subfield_key"))) or _by_type(kind, str(answer.get("type")))
        means = means or ("message" if kind == "long_text" and longs == 1 else "")
        name = ref if ref and not _MACHINE_REF.fullmatch(ref) else title or ref or number
        yield Asked(name, value, means, also=(ref, number, title), label=_label(title, ref))


def _label(title: str, ref: str) -> str:
    """The words a question goes by: its title; a ref that is one of our own words says more."""
    return ref if ref in OURS else title or ref


def _by_type(kind: str, answered: str) -> str:
    if answered == "email" or kind == "email":
        return "email"
    if answered == "phone_number" or kind == "phone_number":
        return "phone"
    return ""


def _value(answer: Mapping[str, object]) -> object:
    """What stands under the key that `type` names; of a choice its label or the other words, of several a list."""
    value = answer.get(str(answer.get("type")))
    if not isinstance(value, dict):
        return value if isinstance(value, str) else scalar(value)
    if "labels" in value or answer.get("type") == "choices":
        return [scalar(each) for each in (*_list(value.get("labels")), *([value["other"]] if value.get("other") else []))]
    if "label" in value or "other" in value:
        return scalar(value.get("label") or value.get("other") or "")
    return scalar({key: each for key, each in value.items() if key not in ("id", "ids", "ref", "refs")})


def _consent(answer: Mapping[str, object], questions: Mapping[str, Mapping[str, object]]) -> lead.Content | None:
    field = answer.get("field")
    if not isinstance(field, dict):
        return None
    number = normal.identifier(field.get("id"))
    question = questions.get(number, {})
    if "legal" not in (field.get("type"), question.get("type")):
        return None
    text = normal.clean_text(question.get("title") or "", 1000)
    return lead.common_lead(key=number or "legal", value=answer.get("boolean") is True, text=text)


def _extra(said: Mapping[str, object]) -> lead.Content:
    """The form, the score, other variables, and which ending was shown."""
    calculated, ending = said.get("calculated"), said.get("ending")
    variables = [each for each in _list(said.get("variables")) if isinstance(each, dict) and each.get("key") != "score"]
    told = {normal.clean_line(each.get("key"), 80): _variable(each) for each in variables[:20] if each.get("key")}
    return {
        **told,
        "form_id": normal.identifier(said.get("form_id")),
        "score": scalar(calculated.get("score")) if isinstance(calculated, dict) else None,
        "ending": normal.identifier(ending.get("ref")) if isinstance(ending, dict) else None,
    }


def _variable(variable: Mapping[str, object]) -> object:
    return scalar(variable.get(str(variable.get("type")), ""))


def _is_test(answers: Sequence[Mapping[str, object]]) -> bool:
    if any(answer.get("email") == _TEST_ADDRESS for answer in answers):
        return True
    texts = [str(answer["text"]) for answer in answers if answer.get("type") == "text" and answer.get("text")]
    return bool(texts) and all(text.lower().startswith("lorem ipsum") for text in texts)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
