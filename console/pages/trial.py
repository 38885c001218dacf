"""Send a test lead: made up, marked TEST, and sent through the front door like any other."""

import secrets
from datetime import datetime

from flask import Response, g

from config.links import make_test_token
from config.settings import Settings
from console import answers, inbound
from console.desk import Desk
from routing.team import Team

FIRST = ("Dana", "Omar", "Ivy", "Samir", "Ann", "Lucía", "Jonas", "Mei", "Tobias", "Nadia", "Femi", "Clara")
LAST = ("Cole", "Reyes", "Park", "Haddad", "Novak", "Iglesias", "Berg", "Tanaka", "Okafor", "Lind", "Moreau", "Quinn")
FIRMS = ("Northwind Roofing", "Bluebird Dental", "Cedar & Sons", "Harbor Logistics", "Juniper Studio", "Maple Street Bakery")
AREAS = [
    "201",
    "202",
    "203",
    "205",
    "206",
    "207",
    "208",
    "209",
    "210",
    "212",
    "213",
    "214",
    "215",
    "216",
    "217",
    "218",
    "219",
    "224",
    "225",
    "228",
    "229",
    "231",
    "234",
    "239",
    "240",
    "248",
    "251",
    "252",
    "253",
    "254",
    "256",
    "260",
    "262",
    "267",
    "269",
    "270",
    "276",
    "281",
    "301",
    "302",
    "303",
    "304",
    "305",
    "307",
    "308",
    "309",
    "310",
    "312",
    "313",
    "314",
    "315",
    "316",
    "317",
    "318",
    "319",
    "320",
    "321",
    "323",
    "325",
    "330",
    "334",
    "336",
    "337",
    "339",
    "401",
    "402",
    "404",
    "405",
    "406",
    "407",
    "408",
    "409",
    "410",
    "412",
    "413",
    "414",
    "415",
    "417",
    "419",
    "423",
    "425",
    "430",
    "432",
    "434",
    "435",
    "440",
    "443",
    "469",
    "478",
    "479",
    "480",
    "484",
    "501",
    "502",
    "503",
    "504",
    "505",
    "507",
    "508",
    "509",
    "510",
    "512",
    "513",
    "515",
    "516",
    "517",
    "518",
    "520",
    "530",
    "540",
    "541",
    "551",
    "559",
    "561",
    "562",
    "563",
    "567",
    "570",
    "571",
    "573",
    "574",
    "580",
    "585",
    "586",
    "601",
    "602",
    "603",
    "605",
    "606",
    "607",
]
WANTS = (
    "Could someone show me a demo this week?",
    "We need a quote for 40 seats. Who can I talk to?",
    "Saw your ad. What would this cost for a team of five?",
    "Our contract ends next month, please call me.",
)


def send(desk: Desk) -> Response:
    """POST /test-lead, then on to the lead's own page."""
    try:
        code = send_test_lead(desk.settings, desk.team(), g.now)
    except inbound.NotTaken as refused:
        return answers.fault(502, what="The test lead did not get in", mend=str(refused))
    return answers.see(f"/leads/{code}" if code else "/")


def send_test_lead(settings: Settings, team: Team, now: datetime) -> str | None:
    """Post a made-up lead to the first form source; its code. Raises inbound.NotTaken."""
    source = inbound.first_source(team, "form")
    if source is None:
        raise inbound.NotTaken(
            "The team file names no source of type form, so there is no door to send a test through. Add one and apply it."
        )
    fields = {**made_up(), "_headroom_test": make_test_token(settings)}
    return inbound.post_form(settings, source, fields, now).lead()


def made_up() -> dict[str, str]:
    """Somebody new each time. 555-01xx numbers and example.com addresses are kept free for such use and reach nobody."""
    first, last, firm = secrets.choice(FIRST), secrets.choice(LAST), secrets.choice(FIRMS)
    tag = secrets.token_hex(3)
    return {
        "name": f"{first} {last}",
        "email": f"{first}.{last}.{tag}@example.com".lower().replace("í", "i"),
        "phone": f"+1{secrets.choice(AREAS)}55501{secrets.randbelow(100):02}",
        "company": firm,
        "message": secrets.choice(WANTS),
        "employees": str(secrets.choice((4, 12, 40, 120, 250))),
        "country": "US",
        "utm_source": "headroom",
        "utm_campaign": "test-lead",
    }
