"""What the fields of strangers' forms are called, and how a posted form becomes a common lead."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from config import consent, lead, normal

# Names seen in the wild, without blanks, dashes, brackets and case ("your-name", "Full Name", "full_name" are one).
_ALIASES = {
    "name": "name fullname yourname yourfullname contactname customername clientname leadname displayname namefull nameandsurname",
    "first_name": "firstname fname givenname forename yourfirstname namefirst firstnamefirst contactfirstname",
    "last_name": "lastname lname surname familyname yourlastname namelast secondname contactlastname",
    "email": "email emails emailaddress emailaddresses mail yourmail youremail youremailaddress replyto workemail contactemail businessemail"
    " useremail emailaddr inputemail mailaddress",
    "phone": "phone phones tel telephone mobile mobilephone mobilenumber mobileno phonenumber phonenumbers phoneno telephonenumber cell cellphone"
    " cellnumber yourphone yourtel yourphonenumber workphone businessphone contactphone contactnumber contactno userphone inputphone whatsapp"
    " whatsappnumber phonefull",
    "company": "company companyname organization organisation organizationname business businessname firm yourcompany",
    "message": "message messages comments comment details yourmessage yourcomments inquiry enquiry question description howcanwehelp howcanwehelpyou"
    " body text msg notes note usermessage inputmessage additionalinfo additionalinformation projectdetails projectdescription",
    "locale": "locale lang",
    "zone": "timezone tz",
    "page_url": "pageurl url pageuri pagelocation sourceurl landingpage landingpageurl landingurl formurl currenturl page",
    "submission_id": "id submissionid",
    "test": "headroomtest",
    "consent_text": "consenttext consentlabel consentwording",
}
_OURS = {alias: ours for ours, aliases in _ALIASES.items() for alias in aliases.split()}
_IDS = frozenset({"_id", "submission_id", "submissionId"})  # a plain "id" may be anything
_HOUSEKEEPING = frozenset(
    {"_charset_", "_next", "_subject", "_captcha", "g-recaptcha-response", "h-captcha-response", "cf-turnstile-response"}
)
_CONSENT = re.compile(
    r"consent|^(?:sms|email|marketing|text|phone)?optin|^gdpr|^rgpd|^dsgvo|^acceptance|^(?:i?accept|i?agree)|^terms"
)
_ONE = frozenset({"phone", "email"})  # of which a lead has one: of several the first
_ADDRESS = re.compile(r"https?://|/", re.IGNORECASE)

Pairs = Iterable[tuple[str, object]]


class Fields:
    """A form's fields sorted by what they are; `theirs` maps our names to the sender's (the source's `fields`).

    `others` are fields that are none of ours, whatever they are called.
    """

    def __init__(self, pairs: Pairs, theirs: Mapping[str, str], others: Pairs = ()) -> None:
        self.known: dict[str, str] = {}
        self.tracked: dict[str, str] = {}
        self.pages: list[str] = []
        self.consents: list[dict[str, object]] = []
        self.extra: dict[str, str] = {}
        renamed = {their_name: ours for ours, their_name in theirs.items()}
        for name, value in pairs:
            self._sort(renamed.get(name, name), value)
        for name, value in others:
            self._keep(name, ", ".join(text for text in normal.texts(value) if text.strip()))

    def content(self, region: str, own_numbers: frozenset[str] = frozenset()) -> lead.Content:
        """The common lead. What is no phone or e-mail is kept as it was typed, in `extra`."""
        known, extra = self.known, dict(self.extra)
        typed = known.get("phone", "")
        phone = normal.first_phone(typed, region)
        if typed and (phone is None or phone in own_numbers):
            extra["phone_as_typed"], phone = normal.clean_line(typed, 60), None
        if phone and (inside := normal.extension(typed, region)):
            extra["phone_extension"] = inside
        email = normal.first_email(known.get("email", ""))
        if known.get("email") and email is None:
            extra["email_as_typed"] = normal.clean_line(known["email"], 254)
        name, *apart = (normal.clean_line(known.get(key, ""), normal.LONGEST_NAME) for key in ("name", "first_name", "last_name"))
        first, last = lead.halves(name, *apart)
        whole = name if [first, last] == apart else ""
        return lead.common_lead(
            name=lead.full_name(whole, first, last), first_name=first, last_name=last, phone=phone, email=email, zone=normal.zone(known.get("zone", "")),
            company=normal.clean_line(known.get("company", ""), normal.LONGEST_NAME),
            message=normal.clean_text(known.get("message", ""), normal.LONGEST_MESSAGE), consent=self._consents(), extra=extra,
        )  # fmt: skip

    def _sort(self, name: str, value: object) -> None:
        ours = our_name(name)
        if isinstance(value, list) and ours == "consent" and any(isinstance(each, dict) for each in value):
            self.consents += [each for each in value if isinstance(each, dict)]
            return
        texts = [text for text in normal.texts(value) if text.strip()]
        said = ", ".join(texts)
        self.pages += texts if ours == "page_url" else []
        if ours == "consent":
            self.consents.append({"key": name, "value": value, "said": said if len(texts) == 1 else ""})
        elif ours == "tracking":
            self.tracked[name.lower()] = self.tracked.get(name.lower()) or (texts[0] if texts else "")
        elif ours in _ONE and len(texts) > 1:
            self._sort(name, texts[0])
            self._keep(name, ", ".join(texts[1:]))
        elif ours and ours != "extra" and self._is_new(ours, said):
            self.known[ours] = said or self.known.get(ours, "")
        elif ours:  # of two phones the second is kept as it came
            self._keep(name, said)

    def _is_new(self, ours: str, said: str) -> bool:
        if ours == "page_url" and said and not _ADDRESS.match(said):
            return False
        return self.known.get(ours, said) in ("", said)

    def _keep(self, name: str, said: str) -> None:
        if said and len(self.extra) < lead.MOST_EXTRAS:
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
    if lead.is_tracking(name):
        return "tracking"
    squashed = re.sub(r"[\s_.\-\[\]*:#]", "", name.lower())
    parts = [re.sub(r"[\s_\-*:#]", "", part) for part in re.split(r"[.\[\]]+", name.lower().strip(" .[]"))]
    spellings = (squashed, "".join(parts[-2:]), parts[-1], parts[-1].rstrip("0123456789"))
    ours = next((_OURS[each] for each in spellings if each in _OURS), "")
    if ours == "submission_id" and name not in _IDS:
        return "extra"
    return ours or ("consent" if _CONSENT.search(squashed) else "extra")


def _consent(given: Mapping[str, object], text: str) -> lead.Content:
    """One consent: its key, whether it was given, and the words shown; a box whose value is those words tells them itself."""
    said = str(given.get("said") or "")
    words = given.get("text") or text or (said if len(said.split()) > 1 else "")
    key = normal.clean_line(given.get("key") or "consent", 80)
    return lead.common_lead(key=key, value=consent.agreed(given.get("value")), text=normal.clean_text(words, 1000))
