"""What the fields of strangers' forms are called, and how a posted form becomes a common lead."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from config import lead, normal

# Names seen in the wild, without blanks, dashes and case ("your-name", "Full Name", "full_name" are one).
_ALIASES = {
    "name": "name fullname yourname contactname displayname",
    "first_name": "firstname fname givenname forename yourfirstname",
    "last_name": "lastname lname surname familyname yourlastname",
    "email": "email emailaddress mail yourmail youremail replyto workemail contactemail",
    "phone": "phone tel telephone mobile mobilephone mobilenumber phonenumber cell cellphone yourphone yourtel workphone contactphone",
    "company": "company companyname organization organisation business businessname firm yourcompany",
    "message": "message comments comment details yourmessage inquiry enquiry question description howcanwehelp body text",
    "locale": "locale lang",
    "zone": "timezone tz",
    "page_url": "pageurl url pagelocation sourceurl landingpage landingpageurl",
    "submission_id": "id submissionid",
    "test": "headroomtest",
    "consent_text": "consenttext consentlabel",
}
_OURS = {alias: ours for ours, aliases in _ALIASES.items() for alias in aliases.split()}
_IDS = frozenset({"_id", "submission_id", "submissionId"})  # a plain "id" may be anything
_HOUSEKEEPING = frozenset(
    {"_charset_", "_next", "_subject", "_captcha", "g-recaptcha-response", "h-captcha-response", "cf-turnstile-response"}
)
_CONSENT = re.compile(r"consent|^(?:sms|email|marketing)?optin$|^gdpr|^acceptance$|^(?:accept|agree)|^terms")
_YES = frozenset({"on", "true", "yes", "1", "y", "checked", "agree", "agreed", "accept", "accepted", "ja", "si", "sí", "oui"})

Pairs = Iterable[tuple[str, object]]


class Fields:
    """A form's fields sorted by what they are; `theirs` maps our names to the sender's (the source's `fields`)."""

    def __init__(self, pairs: Pairs, theirs: Mapping[str, str]) -> None:
        self.known: dict[str, str] = {}
        self.tracked: dict[str, str] = {}
        self.consents: list[dict[str, object]] = []
        self.extra: dict[str, str] = {}
        renamed = {their_name: ours for ours, their_name in theirs.items()}
        for name, value in pairs:
            self._sort(renamed.get(name, name), value)

    def content(self, region: str, own_numbers: frozenset[str] = frozenset()) -> lead.Content:
        """The common lead. What is no phone or e-mail is kept as it was typed, in `extra`."""
        known, extra = self.known, dict(self.extra)
        phone = normal.phone(known.get("phone", ""), region)
        if known.get("phone") and (phone is None or phone in own_numbers):
            extra["phone_as_typed"], phone = normal.clean_line(known["phone"], 60), None
        email = normal.email(known.get("email", ""))
        if known.get("email") and email is None:
            extra["email_as_typed"] = normal.clean_line(known["email"], 254)
        names = [normal.clean_line(known.get(key, ""), normal.LONGEST_NAME) for key in ("name", "first_name", "last_name")]
        return lead.common_lead(
            name=lead.full_name(*names), first_name=names[1], last_name=names[2], phone=phone, email=email, zone=normal.zone(known.get("zone", "")),
            company=normal.clean_line(known.get("company", ""), normal.LONGEST_NAME),
            message=normal.clean_text(known.get("message", ""), normal.LONGEST_MESSAGE), consent=self._consents(), extra=extra,
        )  # fmt: skip

    def _sort(self, name: str, value: object) -> None:
        ours = our_name(name)
        if isinstance(value, list) and ours == "consent" and any(isinstance(each, dict) for each in value):
            self.consents += [each for each in value if isinstance(each, dict)]
            return
        said = ", ".join(text for text in normal.texts(value) if text.strip())
        if ours == "consent":
            self.consents.append({"key": name, "value": said})
        elif ours == "tracking":
            self.tracked.setdefault(name.lower(), said)
        elif ours and ours != "extra" and self.known.get(ours, said) in ("", said):
            self.known[ours] = said or self.known.get(ours, "")
        elif ours and said and len(self.extra) < lead.MOST_EXTRAS:  # of two phones the second is kept as it came
            key = normal.clean_line(name, 80)
            held = self.extra.get(key)
            self.extra[key] = normal.clean_line(f"{held}, {said}" if held else said)

    def _consents(self) -> list[lead.Content]:
        text = self.known.get("consent_text", "")
        return [_consent(each, text) for each in self.consents[:20]]


@lru_cache(maxsize=2048)
def our_name(name: str) -> str:
    """What a field is: one of ours, "tracking", "consent", "extra", or "" for what says nothing about the lead."""
    if name in _HOUSEKEEPING:
        return ""
    if lead.is_tracking(name.lower()):
        return "tracking"
    squashed = re.sub(r"[\s_.\-\[\]]", "", name.lower())
    ours = _OURS.get(squashed) or _OURS.get(re.sub(r"[\s_\-\[\]]", "", name.lower().rpartition(".")[2]))
    if ours == "submission_id" and name not in _IDS:
        return "extra"
    return ours or ("consent" if _CONSENT.search(squashed) else "extra")


def _consent(given: Mapping[str, object], text: str) -> lead.Content:
    value = given.get("value")
    key = normal.clean_line(given.get("key") or "consent", 80)
    agreed = value if isinstance(value, bool) else str(value or "").strip().lower() in _YES
    return lead.common_lead(key=key, value=agreed, text=normal.clean_text(given.get("text") or text, 1000))
