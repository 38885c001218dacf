"""Elementor Pro's webhook action: a form post of visible labels, or with "Advanced Data" of field after field with type and title.

The visitor waits for our answer, and only an exact 200 is none that shows them "Webhook Error".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address

from config import lead, normal
from config.consent import agrees, plain
from config.fields import our_name
from config.questions import Asked
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import keys
from webhooks.answers import Answer
from webhooks.bodies import Form
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.example import Example
from webhooks.files import files_in
from webhooks.submission import Told, heard

EXAMPLE = Example(
    headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
    body=b"Name=Dana+Cole&Email=dana%40example.com&Phone=%28512%29+555-0143&Message=Hi+there&Date=March+3%2C+2026&Time=2%3A14+pm"
    b"&Page+URL=https%3A%2F%2Fsite.example%2Fcontact%2F&User+Agent=Mozilla%2F5.0&Remote+IP=203.0.113.20&Powered+by=Elementor"
    b"&form_id=2f6b1a9&form_name=Contact",
    secret="elementor-7hG3kLm9PqRsTuVwXyZa",
    sign=keys.bearer,
    signs_body=False,
)
CONTENT_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
KEY_ALONE = True
KEEPS_UNREADABLE = True  # a visitor waits, and every answer but 200 shows them an error
verify = keys.verify
DOCS = SourceDocs(
    vendor="Elementor Pro",
    verified_by="no signature: a key of ours (128 bit or more) in the address",
    answers="exactly 200, at once: the visitor waits for it; also for what cannot be read (it is kept)",
    retries="none",
    key="derived from what was said, for the source's dedupe window: the vendor gives no id",
    mapped="labels in several languages, or `fields`; with Advanced Data by type (email, tel, textarea, acceptance); the page's address"
    " gives utm and click ids; the time is that of arrival, since theirs has no zone",
    at_vendor=(
        "Edit the form's widget, then Actions After Submit: add Webhook.",
        "Webhook > Webhook URL: `https://<your Headroom>/webhooks/<source id>?key=<the source's secret>`.",
        "Switch on Advanced Data, and send the form once.",
    ),
    thin="labels can be in any language or empty: what neither label nor type tells is told by its value (an e-mail address, a phone number).",
)
_FIELD = re.compile(r"fields\[([^\]]*)\]\[([a-z_]+)\](?:\[\d*\])?")
_META = re.compile(r"meta\[([^\]]*)\]\[value\]")
_FORM = frozenset({"form_id", "form_name", "form[id]", "form[name]", "key"})
_META_NAMES = {
    "Date": "when", "Time": "when", "Page URL": "page_url", "User Agent": "user_agent", "Remote IP": "remote_ip", "Powered by": "credit",
    "No Label Powered by": "credit",
}  # fmt: skip
_URL = re.compile(r"url|网址|網址", re.IGNORECASE)
_AGENT = re.compile(r"(?:Mozilla|Opera|curl|WordPress)/", re.IGNORECASE)
_WHEN = re.compile(  # what the date and the time are called, where they stand before the rest of what the plug-in adds
    r"(?:date|datum|fecha|data|dato|fecha de envio|datum en tijd|tarih|paivamaara|дата|日付|日期|날짜|time|uhrzeit|zeit|hora|heure|ora|orario|tijd|tid|"
    r"saat|czas|godzina|время|時間|時刻|时间|시간)"
)
_BY_TYPE = {"email": "email", "tel": "phone", "textarea": "message"}
_SILENT = frozenset({"recaptcha", "recaptcha_v3", "honeypot", "html", "step", "password"})
_NOT_AGREED = frozenset({"", "no", "off", "0", "false"})


def parse(delivery: Delivery) -> list[Received]:
    """One lead. Raises Unreadable for an empty form."""
    form, advanced = delivery.form, _advanced(delivery)
    meta = {found[1]: value for name, value in form.items() if (found := _META.fullmatch(name))}
    meta |= {} if advanced else _flat_meta(form)
    fields = list(advanced.values()) or [
        {"id": name, "title": name, "value": values if len(values) > 1 else values[0]}
        for name, values in form.lists()
        if name not in _FORM and name not in meta
    ]
    told = Told(
        page_url=meta.get("page_url", ""),
        tracked={str(field.get("id")): field.get("value") for field in fields},
        consent=[consent for field in fields if (consent := _consent(field))],
        extra={
            "form_id": normal.clean_line(form.get("form_id") or form.get("form[id]", "")),
            "form_name": normal.clean_line(form.get("form_name") or form.get("form[name]", "")),
            "remote_address": normal.clean_line(meta.get("remote_ip", ""), 64),
        },
        lead={"attachments": [file for field in fields for file in _uploads(field)]},
    )
    return [heard(delivery, list(_asked(fields)), told, guess=True)]


def answer(_delivery: Delivery, _recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """200 and nothing else: 202 would be an error to the visitor."""
    return Answer(200, "OK")


def _flat_meta(form: Form) -> dict[str, str]:
    """What the plug-in adds behind the fields, by our word for each kind and by the label it has in the language of the site.

    Known by its English label or by what it is: an address, a browser, an IP, the credit; before these, by their names, date and time.
    """
    found: dict[str, str] = {}
    for name, value in reversed([pair for pair in form.items() if pair[0] not in _FORM]):
        kind = _META_NAMES.get(name) or ("" if "when" in found else _meta_kind(name, value))
        kind = "when" if not kind and found and _WHEN.fullmatch(plain(name)) else kind
        if not kind or (kind in found and kind != "when"):
            break
        found |= {name: value, kind: value}
    return found


def _meta_kind(name: str, value: str) -> str:
    if value.startswith(("http://", "https://")) and _URL.search(name):
        return "page_url"
    if _AGENT.match(value) or "agent" in name.lower():
        return "user_agent"
    try:
        ip_address(value.strip())
    except ValueError:
        return "credit" if value == "Elementor" else ""
    return "remote_ip"


def _advanced(delivery: Delivery) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for name, values in delivery.form.lists():
        part = _FIELD.fullmatch(name)
        if part:
            field = found.setdefault(part[1], {"id": part[1]})
            field[part[2]] = values if len(values) > 1 else values[0]
    return found


def _asked(fields: Sequence[Mapping[str, object]]) -> Iterator[Asked]:
    for field in fields:
        kind, number, title = (str(field.get(name) or "") for name in ("type", "id", "title"))
        if kind in _SILENT or lead.is_tracking(number) or _consent(field) or _uploads(field):
            continue
        value = field.get("value") or field.get("raw_value") or ""
        yield Asked(title or number, value, _BY_TYPE.get(kind, ""), also=(number, title), label=_label(number, title))


def _label(number: str, title: str) -> str:
    """An id that is one of our words ("email") says more than a title in whatever language."""
    return number if our_name(number) not in ("extra", "consent", "tracking") else title or number


def _consent(field: Mapping[str, object]) -> lead.Content | None:
    kind, number, title = (str(field.get(name) or "") for name in ("type", "id", "title"))
    value = field.get("value")
    ticked = kind == "" and isinstance(value, str) and value.strip().lower() in ("on", "yes", "no", "true", "false", "1")
    if kind != "acceptance" and not (ticked and (agrees(title) or our_name(number) == "consent")):
        return None
    given = str(value or "").strip().lower() not in _NOT_AGREED
    return lead.common_lead(key=normal.clean_line(number or title, 80), value=given, text=normal.clean_text(title, 1000))


def _uploads(field: Mapping[str, object]) -> list[dict[str, str]]:
    return files_in(field.get("value"), surely=True) if field.get("type") == "upload" else []
