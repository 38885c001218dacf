"""The firm of the fault rows: a dozen reps with plenty of room, and many small pools whose SLA is over after six seconds.

Managers get one message a minute at most, so every urgent lead goes to a pool with a manager of its own: then the provider's log
says of each when somebody was told.
"""

SLA_SECONDS = 6
URGENT = 40  # urgent sources, pools and managers
REPS = 12


def team(*, cap: int = 5_000, offer: str = "one_at_a_time", reps: int = REPS) -> str:
    """A team file: source `website` goes to `sales` and is calm, `u1` to `u40` go to pools of their own and are urgent.

    `flooded` is as `website`, with a limit to what it may send.
    """
    names = [f"r{n}" for n in range(1, reps + 1)]
    lines = [
        "version: 1", "site: {name: Cole Heating, time_zone: America/Chicago, default_region: US}",
        "channels: {sms: {quiet_hours: none}}", "managers:",
        "  - {id: boss, name: Kim Ortega, phone: '+15125558000', email: kim@cole.example, director: true, at_most_per_hour: 1000}",
        *(f"  - {{id: m{n}, name: Manager {n}, phone: '{manager_phone(n)}', email: m{n}@cole.example, at_most_per_hour: 1000}}" for n in _all()),
        "reps:",
        *(f"  - {{id: {name}, name: Rep {name}, phone: '{rep_phone(name)}', email: {name}@cole.example, hours: always, "
          f"cap: {{open: {cap}, unanswered: {cap}}}}}" for name in names),
        "  - {id: late, name: Rep Late, phone: '+15125557999', email: late@cole.example, hours: always, cap: {open: 5000, unanswered: 5000}}",
        "pools:",
        f"  sales: {{members: [{', '.join(names)}], strategy: least_loaded, offer: {offer}, offer_for: 10m, managers: [boss], away_after: 1000}}",
        *(f"  p{n}: {{members: [late], offer: one_at_a_time, offer_for: 10m, managers: [m{n}], away_after: 1000}}" for n in _all()),
        "slas:",
        "  calm: {clock: always, accept_within: 30m, first_response_within: 60m, ladder: [{at: 100%, do: tell, who: pool_managers, every: 10m}]}",
        f"  tight: {{clock: always, accept_within: {SLA_SECONDS}s, first_response_within: {SLA_SECONDS}s, "
        "ladder: [{at: 100%, do: tell, who: pool_managers, every: 10m}]}",
        "sources:", "  website: {type: form, per_minute: 100000}", "  signed: {type: form, secret: env:SIGNED_SECRET, per_minute: 100000}",
        "  flooded: {type: form, per_minute: 1500}",  # a fifth from one address: 300 at once, then 5 a second
        *(f"  u{n}: {{type: form, per_minute: 100000}}" for n in _all()),
        "rules:", *(f"  - {{id: urgent{n}, when: {{source: u{n}}}, send_to: p{n}, sla: tight}}" for n in _all()),
        "  - {id: rest, send_to: sales, sla: calm}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def rep_phone(name: str) -> str:
    """The number of rep `r7`."""
    return f"+15125557{int(name[1:]):03}"


def manager_phone(number: int) -> str:
    """The number of manager `m7`."""
    return f"+15125559{number:03}"


def _all() -> range:
    return range(1, URGENT + 1)
