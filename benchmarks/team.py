"""The made-up firm that the benchmarks run: one pool of so many reps, day and night, and a form that must be signed."""

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the example key of the Standard Webhooks text, signed with in the open
FORM = "website"
POOL = "sales"

FILE = """\
version: 1
site: {{name: Acme Roofing, time_zone: America/Chicago, default_region: US, postal_address: 1 Main St}}
channels:
  sms: {{quiet_hours: none}}
managers:
  - {{id: kim, name: Kim Ortega, phone: "+15125550190", email: kim@acme.example}}
reps:
{reps}
pools:
  sales: {{name: Sales, members: [{members}], strategy: {strategy}, offer: one_at_a_time, offer_for: 24h, managers: [kim]}}
slas:
  hot:
    clock: always
    accept_within: 48h
    first_response_within: 72h
    ladder:
      - {{at: 75%, do: remind}}
      - {{at: 100%, do: tell, who: pool_managers}}
sources:
  website: {{type: form, secret: "env:BENCH_SECRET"}}
rules:
  - {{id: large, when: {{employees: {{gte: 200}}}}, send_to: sales, sla: hot}}
  - {{id: everything-else, send_to: sales, sla: hot}}
"""
REP = '  - {{id: r{n}, name: R{n}, phone: "+1512{line}", cap: {{open: 10000, unanswered: 10000}}}}'


def team_file(reps: int, *, strategy: str = "least_loaded") -> str:
    """A team file with so many reps, who have room for all that comes; offers and promises outlive the benchmark."""
    lines = "\n".join(REP.format(n=n, line=2_000_000 + n) for n in range(reps))
    return FILE.format(reps=lines, members=", ".join(f"r{n}" for n in range(reps)), strategy=strategy)
