"""Zapier's "Webhooks" action: any JSON or form, proved by a bearer key of ours, read by `map` or by the names of its fields."""

from store.inbox import Received
from webhooks import keys
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.example import Example
from webhooks.mapping import leads_in
from webhooks.submission import heard

EXAMPLE = Example(
    headers={"content-type": "application/json", "user-agent": "Zapier"},
    body=b'{"lead_id": "l:1414", "lead": {"fullName": "Dana Cole", "email": "dana@example.com", "phone": "p:+15125550143", "campaign": "Spring"}}',
    secret="zapier-4Rt6Yu8Io0PaSdFgHjKl",
    sign=keys.bearer,
    signs_body=False,
)
CONTENT_TYPES = frozenset({"application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
VERBS = frozenset({"POST", "PUT", "GET"})
KEY_ALONE = True
verify = keys.verify
DOCS = SourceDocs(
    vendor="Zapier",
    verified_by="a bearer key of ours: `Authorization: Bearer <key>`, or `?key=` in the address",
    answers="any 2xx within 30 s; ours is 202",
    retries="Autoreplay, if it is switched on for the Zap",
    key="the id the Zap maps (`external_id`, `lead_id`, `leadgen_id`, `submission_id` ...); else derived from what was said, for the source's"
    " dedupe window",
    mapped="the paths of `map`; whatever it does not name by the names of the fields, nested ones too (`lead.fullName`, `lead__fullName`);"
    " `p:` before phones and `l:`, `c:`, `ag:`, `f:` before ids of Facebook sheets are understood; a list is several leads",
    at_vendor=(
        "Add the action Webhooks by Zapier > POST (or Custom Request).",
        "URL: `https://<your Headroom>/webhooks/<source id>`; Payload Type: Json; Data: name, email, phone, message and external_id.",
        "Headers: Authorization, with the value `Bearer <the source's secret>`.",
        "Test step: the answer holds the lead's code. Map `is_test: true` while you try.",
    ),
    options={"map": "our field: path, such as `{email: $.contact.email, phone: $.contact.tel[0], campaign.name: $.ad}`"},
    tests="a field `is_test` that is true",
)


def parse(delivery: Delivery) -> list[Received]:
    """One record for each lead of the request. Raises Unreadable."""
    found = [heard(delivery, asked, told) for asked, told in leads_in(delivery, "zapier")]
    return list({each.external_id: each for each in found}.values())
