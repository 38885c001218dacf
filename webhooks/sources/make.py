"""Make (formerly Integromat): any JSON or form from its HTTP module, proved by a bearer key of ours, read by `map` or by the names of its fields."""

from store.inbox import Received
from webhooks import keys
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.example import Example
from webhooks.mapping import leads_in
from webhooks.submission import heard

EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"lead_id": "l:1414", "lead": {"fullName": "Dana Cole", "email": "dana@example.com", "phone": "p:+15125550143", "campaign": "Spring"}}',
    secret="make-5Ty7Ui9Op1AsDfGhJkLz",
    sign=keys.bearer,
    signs_body=False,
)
CONTENT_TYPES = frozenset({"application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
VERBS = frozenset({"POST", "PUT", "GET"})
KEY_ALONE = True
verify = keys.verify
DOCS = SourceDocs(
    vendor="Make",
    verified_by="a bearer key of ours: `Authorization: Bearer <key>`, or `?key=` in the address",
    answers="any 2xx within 30 s; ours is 202",
    retries="as the scenario's error handling says",
    key="the id the scenario maps (`external_id`, `lead_id`, `leadgen_id`, `submission_id` ...); else derived from what was said, for the source's"
    " dedupe window",
    mapped="the paths of `map`; whatever it does not name by the names of the fields, nested ones too (`lead.fullName`, `lead__fullName`);"
    " `p:` before phones and `l:`, `c:`, `ag:`, `f:` before ids of Facebook sheets are understood; a list is several leads",
    at_vendor=(
        "Add the module HTTP > Make a request; method POST.",
        "URL: `https://<your Headroom>/webhooks/<source id>`; Body type: Raw, JSON, with name, email, phone, message and external_id.",
        "Headers: Authorization, with the value `Bearer <the source's secret>`.",
        "Run once: the answer holds the lead's code. Map `is_test: true` while you try.",
    ),
    options={"map": "our field: path, such as `{email: $.contact.email, phone: $.contact.tel[0], campaign.name: $.ad}`"},
    tests="a field `is_test` that is true",
)


def parse(delivery: Delivery) -> list[Received]:
    """One record for each lead of the request. Raises Unreadable."""
    found = [heard(delivery, asked, told) for asked, told in leads_in(delivery, "make")]
    return list({each.external_id: each for each in found}.values())
