"""One request as a source's parser sees it: raw bytes first, values only when asked for.

`url` is the address as the sender has it, built from PUBLIC_URL: behind a proxy the Host header is not what was signed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from config import normal
from config.settings import Settings
from routing.team import Site, Source
from webhooks import bodies
from webhooks.errors import Unreadable

_KEPT = (  # headers stored with a lead: what proves, explains or dates it; never cookies or credentials
    "content-type", "user-agent", "origin", "referer", "accept-language", "idempotency-key", "webhook-id", "webhook-timestamp",
    "webhook-signature", "x-twilio-signature", "i-twilio-idempotency-token", "x-hub-signature-256", "x-li-signature", "tiktok-signature",
    "formspree-signature", "typeform-signature", "x-webflow-timestamp", "x-webflow-signature", "x-wpforms-webhook-id",
    "x-wpforms-webhook-signature", "x-hubspot-signature", "x-hubspot-signature-version", "x-hubspot-signature-v3",
    "x-hubspot-request-timestamp", "signature", "x-slack-request-timestamp", "x-slack-signature",
    "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp",
)  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """What came in. `headers` have lower-case names; `query` is the first value of each parameter; `step` is "" or a call's step.

    `path_key` is the last part of the address where it is a secret: never log it. `team_phones` are those of reps and managers.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    source: Source
    site: Site
    settings: Settings
    received_at: datetime
    step: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    remote_address: str = ""
    path_key: str = ""
    team_phones: frozenset[str] = frozenset()

    @property
    def content_type(self) -> str:
        """The Content-Type header as it came."""
        return self.headers.get("content-type", "")

    @cached_property
    def mimetype(self) -> str:
        """The content type alone, in lower case; "" when there is none."""
        return self.content_type.partition(";")[0].strip().lower()

    @cached_property
    def form(self) -> bodies.Form:
        """The fields of a urlencoded or multipart body, of a JSON object, of a GET's address. Raises Unreadable, TooLarge."""
        if self.method == "GET":
            return bodies.read_form(self.raw, "")
        if self.mimetype == "application/json":
            pairs = bodies.pairs_of(self.json_object)
            return bodies.Form([(name, text) for name, value in pairs for text in normal.texts(value)])
        return bodies.read_form(self.body, self.content_type)

    @property
    def raw(self) -> bytes:
        """What was sent, to be kept: the body, or the query of a GET."""
        return urlsplit(self.url).query.encode("utf-8", "replace") if self.method == "GET" else self.body

    @cached_property
    def json(self) -> object:
        """The value of a JSON body. Raises Unreadable."""
        return bodies.read_json(self.body)

    def piece(self, inner: Mapping[str, object]) -> bytes:
        """The bytes of one object of the JSON body, as they were sent; the whole body where it holds nothing but this object.

        Of several things in one body each is kept by itself: so one person's words can be erased without another's. A body in
        which a name comes twice cannot be cut; of such a one the object is written anew.
        """
        several = self.json if isinstance(self.json, list) else [self.json]
        if len(several) == 1 and several[0] is inner:
            return self.body
        sent = self._pieces.get(id(inner), b"")
        return sent if sent and bodies.read_json(sent) == inner else json.dumps(inner, sort_keys=True).encode()

    @cached_property
    def _pieces(self) -> dict[int, bytes]:
        return bodies.pieces(self.body, self.json)

    @property
    def json_object(self) -> dict[str, object]:
        """The same, which must be an object."""
        if isinstance(self.json, dict):
            return self.json
        raise Unreadable("The JSON is not an object", where="the body", mend='Send {"name": "...", "phone": "..."}.')

    @property
    def region(self) -> str:
        """The country (ISO 3166) in which numbers without a country code are read."""
        return self.source.region or self.site.region

    @property
    def kept_headers(self) -> dict[str, str]:
        """The headers worth storing."""
        return {name: self.headers[name][:1000] for name in _KEPT if name in self.headers}

    @property
    def own_numbers(self) -> frozenset[str]:
        """Our numbers in E.164: nobody who writes from one is a lead."""
        calls = normal.phone(str(self.source.options.get("number") or ""), self.region)
        return frozenset((self.settings.twilio_from, *self.site.numbers, *((calls,) if calls else ())))

    def here(self, step: str) -> str:
        """The address of another step of this source."""
        return f"{self.settings.public_url}/webhooks/{self.source.id}/{step}"
