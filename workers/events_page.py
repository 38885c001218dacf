"""The page docs/events.md, made of what is really sent: `python -m workers.write_events > docs/events.md`."""

import json
from datetime import UTC, datetime, timedelta

from config.teamfile.endpoints import FIELDS, TYPES
from routing import announcing
from routing.announcing import Happening
from routing.model import Kind, Lead, Person, State, Status
from store.announcements import Claimed
from store.dead_letters import KEEP, KEEP_DEAD
from store.stages import USUAL
from workers.announce import REFUSED_FOR, SILENT_FOR
from workers.endpoints import KINDS, webhook
from workers.endpoints.line import SECONDS

AT = datetime(2026, 11, 24, 15, 0, 2, tzinfo=UTC)
ARRIVED = AT - timedelta(seconds=48)
LEAD = Lead(
    1, "A7", Kind.FORM, "website", "form", Person(1, "Dana Cole", "+15125550143", "dana@example.com", zone="America/Chicago", locale="en-US"),
    ARRIVED, "My roof leaks.", {"company": "Acme Co", "utm.campaign": "roofs-tx", "employees": "250", "click_ids.gclid": "Cj0KCQ"},
)  # fmt: skip
STATE = State(
    Status.ACCEPTED, owner="priya", accepted_at=AT, accept_due_at=ARRIVED + timedelta(minutes=5), response_due_at=ARRIVED + timedelta(minutes=15),
)  # fmt: skip
HAPPENED = Happening("OfferAccepted", {"rep": "priya", "via": "sms"}, "offered", "Priya Shah accepted by sms 40s after the offer")
MEANINGS = {
    "type": "one of the names below",
    "version": f"of this shape, {announcing.VERSION}: within it names and fields are added, never renamed or taken away. Ignore what you do not know",
    "timestamp": "when the step was taken (ISO 8601, UTC, milliseconds)",
    "data.sequence": "grows from event to event of one lead; gaps are normal. An event that had to be tried again may arrive after later ones: the higher number is the later",
    "data.lead": "the lead as it stood after the step (not as it stands when you get this): ids of the team file, states and instants; null where it has"
    " not come to that. `owner` has it, `offered_to` are asked, `attribution` is what the link said of the campaign",
    "data.step": "what happened: the journey's own event, from which status to which, the reason in words, how late an alarm was, and the event's own ids",
    "data.contact": "who the person is and what they said: only with `contact: true`",
}

HEAD = """# Events: every step of a lead, told outside

Made from the program by `python -m workers.write_events > docs/events.md`; a test holds the two together.

Each step on a lead's timeline is one event for every endpoint of the team file that wants it. It is written in the same transaction as
the step, so neither exists without the other. Without an endpoint nothing is written.

```yaml
endpoints:
  warehouse:                          # type: webhook unless another is named
    url: https://hooks.example.com/headroom
    secret: env:WAREHOUSE_SECRET      # `headroom events secret` makes one
    events: [lead.accepted, lead.responded, lead.closed]   # left out: all
    contact: false                    # true: name, number, address and words of the person go along
    enabled: true
```

`headroom check` looks at all of it. The address must be https and public; hosts in a private network are named in
`HEADROOM_ALLOW_PRIVATE_URLS`. What a name leads to is looked up, checked and dialled at every single call; redirects are not followed.

**Who the person is stays at home unless you say otherwise.** Most receivers count, route or show states; whoever needs the person sets
`contact: true`, or reads `GET /api/leads/<code>` with a token of its own. Without it no name, number, address, handle, message, form
field, note or recording leaves, also not in a reason. When a person is erased, what was told of them is emptied here, what still waits
is dropped, and `lead.erased` with nothing but the code asks you to do the same.
"""
CRMS = """```yaml
endpoints:
  hubspot:
    type: hubspot
    token: env:HUBSPOT_CRM_TOKEN      # a private app's, with crm.objects.contacts.read and .write
    owners: {priya: "41234"}          # rep: id of the user there; others keep the owner they have
    fields: {headroom_code: code, first_answer: responded_at}   # theirs: ours
    stages: {evangelist: won}         # their word: qualified, won, lost
  salesforce:
    type: salesforce
    url: https://acme.my.salesforce.com
    client_id: 3MVG9...               # of an app with the client credentials flow and a user to run as
    client_secret: env:SALESFORCE_SECRET
    external_id: Headroom_Code__c     # a text field of Lead, External ID and unique, which you make there
  pipedrive:
    type: pipedrive
    token: env:PIPEDRIVE_TOKEN        # Personal preferences > API
```

**OAuth** instead of a `token`: `client_id`, `client_secret` and `refresh_token`, each `env:NAME` or `file:PATH` (the id may stand there itself).

```yaml
endpoints:
  hubspot:
    type: hubspot
    client_id: env:HUBSPOT_CLIENT_ID          # Development > your app > Auth
    client_secret: env:HUBSPOT_CLIENT_SECRET
    refresh_token: env:HUBSPOT_REFRESH_TOKEN  # given once, when the app is installed: scopes crm.objects.contacts.read, crm.objects.contacts.write
  pipedrive:
    type: pipedrive
    client_id: env:PIPEDRIVE_CLIENT_ID        # Developer Hub > your app > OAuth & access scopes: contacts:full, leads:full
    client_secret: env:PIPEDRIVE_CLIENT_SECRET
    refresh_token: file:/run/secrets/pipedrive_refresh   # lives 60 days from its last use
```

To get a refresh token once, open the address in a browser, let the app in, and exchange the `code` at the end of the address you land on
(within 5 minutes at Pipedrive):

```
https://app.hubspot.com/oauth/authorize?client_id=ID&redirect_uri=https://localhost/&scope=crm.objects.contacts.read%20crm.objects.contacts.write
curl https://api.hubapi.com/oauth/2026-03/token -d grant_type=authorization_code -d client_id=ID -d client_secret=SECRET -d redirect_uri=https://localhost/ -d code=CODE

https://oauth.pipedrive.com/oauth/authorize?client_id=ID&redirect_uri=https://localhost/
curl -u ID:SECRET https://oauth.pipedrive.com/oauth/token -d grant_type=authorization_code -d redirect_uri=https://localhost/ -d code=CODE
```

Salesforce takes a `refresh_token` too; without one it is asked in the client's own name. Leave rotation of refresh tokens off there: several
processes ask with the same one. Access tokens live in memory, one set a process; each is renewed two minutes before it runs out, and once
when the API answers 401. They are never written down or logged. What the API's address is for a token (Salesforce `instance_url`, Pipedrive
`api_domain`) is taken from the answer and called through the same guard.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, _what(), _names(), _verify(), _delivery(), _crms()])


def example(*, contact: bool) -> dict[str, object]:
    """An event as it is posted."""
    placed = {"pool": "sales", "rule": "everything-else", "sla": "hot"}
    body, told = announcing.told(LEAD, STATE, HAPPENED, placed), announcing.told_in_confidence(LEAD, HAPPENED)
    before = State(Status.OFFERED, offered_to=("priya",))
    name = announcing.name_of(HAPPENED, before, STATE)
    event = Claimed(1, 1, "warehouse", 1, "5f80e2ad43564f9b8564dea69317bcb4", 812, name, AT, body, told, 1, AT, {})
    return webhook.body_of(event, contact=contact)


def _what() -> str:
    rows = [f"| `{field}` | {meaning} |" for field, meaning in MEANINGS.items()]
    shown = json.dumps(example(contact=True), indent=2, ensure_ascii=False)
    return "\n".join(["## What an event holds", "", f"```json\n{shown}\n```", "", "| Field | Meaning |", "|---|---|", *rows, ""])


def _names() -> str:
    return "\n".join(
        [
            "## The events",
            "",
            "| Type | When |",
            "|---|---|",
            *(f"| `{n}` | {about} |" for n, about in announcing.NAMES.items()),
            "",
        ]
    )


def _verify() -> str:
    return """## How to verify one

By the [Standard Webhooks](https://www.standardwebhooks.com) specification, for which there are libraries in every language. Headers:
`webhook-id` (the same for every try: keep it, and do nothing the second time), `webhook-timestamp` (seconds, of this try) and
`webhook-signature` (`v1,<base64>`; two of them, separated by a blank, while a secret is being replaced: one must fit).

```python
from standardwebhooks import Webhook

event = Webhook(secret).verify(body_bytes, headers)  # raises WebhookVerificationError; refuses what is older than 300 s
```

To replace a secret: let both sign, the new one first (`DESK_SECRET=new,old` in the environment and a restart, or
`secret: [file:/run/new, file:/run/old]` in the team file and `headroom apply`); give the receiver the new one; take the old one out. Answer any 2xx within 15 s and do the work afterwards.
"""


def _delivery() -> str:
    waits = ", ".join(_span(wait) for wait in announcing.WAITS)
    rests = ", ".join(_span(rest) for rest in announcing.OPEN_FOR)
    return f"""## How it is delivered

- **At least once**, with the same `webhook-id` and the same body, under a new timestamp and signature.
- **In order, as long as nothing fails.** While an event of a lead is on its way, that lead's next one waits. One that has to be tried again later
  holds up none behind it, so believe `sequence`, not the order of arrival.
- **A yes is any 2xx** within {SECONDS:.0f} s. Anything else, redirects too, is tried again after {waits} (each spread by 20 %), then every
  {_span(announcing.WAITS[-1])}. {_span(announcing.GIVE_UP_AFTER)} after it happened it becomes a dead letter.
- **`Retry-After`** of a 429 or 5xx, seconds or a date, holds back the whole endpoint, a day at most.
- **410** switches the endpoint off and tells the operator; `headroom events enable NAME` switches it on.
- **{announcing.OPENS_AT} failures in a row**: the endpoint is left alone for {rests}, each time until one event has found out whether it is back.
  Once it is, everything that waited goes out at once, the oldest first.
- **Dead letters**: the page `/events`, `headroom events dead`, `GET /api/events/dead`. Again, under the same id: the button,
  `headroom events replay evt_...`, or all since an instant with `headroom events replay --endpoint NAME --since 2h` (`--dead` for the dead
  ones only); `POST /api/events/replay` does the same.
- **The operator** is told, on the start page and at `/ops/invariants`, of an endpoint that answered 410, that refuses our keys, whose events
  died, or that has taken nothing for {_span(SILENT_FOR)}. `headroom events list` shows each endpoint; `headroom doctor` connects with each,
  without a word about any lead. Leads never wait for an endpoint.
- Events are kept for {KEEP.days} days, dead ones for {KEEP_DEAD.days}, those that still wait until they are through.
- Workers deliver them; without Redis or workers the clock process does.
"""


def _crms() -> str:
    words = "; ".join(
        f"{crm}: " + ", ".join(f"{theirs} = {ours}" for theirs, ours in known.items()) for crm, known in USUAL.items()
    )
    return f"""## CRMs

An endpoint of type {", ".join(kind for kind in TYPES if KINDS[kind].latest)} keeps the lead's record there as the lead stands: of events that wait only
the newest of a lead is told, one at a time. Test leads and people who cannot be reached are left out; nothing there is overwritten with nothing.

{CRMS}
Fields of ours: {", ".join(f"`{name}`" for name in FIELDS)}; and `form.<field>`, `utm.<name>`, `campaign.<name>`.

| | record | found by | owner | outcome |
|---|---|---|---|---|
| HubSpot | a contact for each person | the id it had; e-mail, also a second one; else phone, in whatever way it is written, of a contact without another e-mail | `hubspot_owner_id` | `hs_lead_status` |
| Salesforce | a Lead for each of ours | `external_id` | `OwnerId`; assignment rules are kept from taking it away | `Status` |
| Pipedrive | a person, and a lead for each of ours | e-mail, else phone of a person without another e-mail; leads by our code at the end of the title | `owner_id` of the lead | the archive for bad number, not now, lost |

A lead that was converted, made a deal of or put into the archive there is history: it is left as it is.

**Wrong keys**, a refresh token that is refused, a field that is not there: the endpoint rests, one event asks every {_span(REFUSED_FOR)}, and the board says
what to renew. After that all goes on by itself. A value in the environment needs a restart, OAuth's in a file does not; the button Call it again now or
`headroom events enable NAME` does not wait. **A limit** is waited for as long as the vendor says. **What the CRM cannot take** (a rule that blocks duplicates,
a value that is no choice of a list, two records with one external id) is a dead letter.

**Not sure**: how many calls a CRM allows (HubSpot 190 in 10 s, Pipedrive's and Salesforce's day) is from general knowledge and differs by plan. So nothing is
counted here: the answer that says "too many" is waited for, and its code stands on `/events` beside what waits.

**Back**: a source of type hubspot, salesforce or pipedrive (docs/sources.md says what to click) tells a lead's stage, as a step on its
timeline and as `lead.stage_changed` (`lead.closed` where it closes the lead: won and lost do that to one that somebody has). It stands in
`lead.stage` since `lead.stage_at`, the CRM's own time: what comes late and is older changes nothing, what is told again is no step. A lead that
went into another one counts there. `/reports`, `/reports.csv` and `GET /api/reports` put stages together per source, campaign and rep, and by
how soon somebody answered. Known without `stages`: {words}.
"""


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
