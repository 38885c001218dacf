"""How many leads a second the web process takes in (signed, read, checked, on disk), and how quickly it says so."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import house, load
from benchmarks.figures import Report, p50_p99, percentile
from benchmarks.ground import database, firm
from benchmarks.team import team_file
from console.binaries import find_postgres

CLIENTS = 16

# the row that accepting a form writes
ONE_ROW = """
INSERT INTO inbox (source, external_id, event, content, headers, body, digest, received_at, due_at, number)
VALUES ('website', 'bare:' || nextval('bare'), 'form', '{"name": "Dana Cole", "phone": "+17375550143", "email": "dana@example.com",
  "message": "Need a demo this week", "channel": "form", "kind": "form"}', '{"content-type": "application/json"}',
  convert_to(repeat('x', 120), 'UTF8'), md5('x'), now(), now() + interval '1 day', nextval('lead_numbers'))
ON CONFLICT (source, external_id) DO NOTHING RETURNING id;
"""

# the rows of the whole decision in one statement: a lead, its step, two messages
FOUR_ROWS = """
WITH n AS (SELECT nextval('lead_numbers') AS id),
lead AS (INSERT INTO leads (id, code, person_id, source, kind, channel, pool, policy_version, rule, sla, arrived_at, status, changed_at)
  SELECT id, 'B' || id, 1, 'website', 'form', 'form', 'sales', 1, 'rest', 'hot', now(), 'offered', now() FROM n RETURNING id),
step AS (INSERT INTO steps (lead_id, at, event, was, became, why) SELECT id, now(), 'LeadArrived', 'new', 'offered', 'new lead' FROM n)
INSERT INTO outbox (lead_id, key, recipient, channel, address, purpose, template, not_before, created_at)
SELECT id, kind || id, kind, 'sms', '+17375550143', kind, kind, now(), now() FROM n, unnest(ARRAY['ack', 'offer']) AS kind;
"""


def measure(server: str, *, quick: bool) -> Report:
    """One and two web processes under sixteen clients, with pgbench beside them."""
    seconds = 4.0 if quick else 15.0
    report = Report(
        "accept",
        "Accepting leads: POST /webhooks/website, signed JSON, on disk before the answer",
        ["what", "clients", "leads/s", "p50 ms", "p99 ms", "of the bare 4 rows", "of the bare row"],
    )
    with database(server, "accept") as url, firm(url, team_file(20)):
        bare = {name: pgbench(url, sql, seconds / 2) for name, sql in (("four", FOUR_ROWS), ("one", ONE_ROW))}
        report.rows.append(["bare: a lead, a step, two messages in one statement (pgbench)", CLIENTS, *bare["four"], 1.0, ""])
        report.rows.append(["bare: the inbox row alone (pgbench)", CLIENTS, *bare["one"], "", 1.0])
        for processes in (1, 2):
            for clients in (1, CLIENTS):
                rate, p50, p99, cpu = under_load(url, processes, clients, seconds)
                words = f"web, {processes} process{'es' if processes > 1 else ''}"
                shares = [rate / bare["four"][0], rate / bare["one"][0]]
                report.rows.append([words, clients, rate, p50, p99, *shares])
                report.facts[f"web_cpu_ms_per_lead_{processes}_{clients}"] = cpu
    best = max(row[5] for row in report.rows if str(row[0]).startswith("web"))
    report.goal("accepted leads/s against pgbench's statement of the same four rows", best, 0.15, at_least=True)
    report.goal("the same, never below", best, 0.10, at_least=True)
    report.notes.append("The load generator, PostgreSQL and the web process share the machine.")
    return report


def under_load(url: str, processes: int, clients: int, seconds: float) -> tuple[float, float, float, float]:
    """(leads/s, p50, p99 in ms, ms of CPU of the web process per lead). Raises RuntimeError when a lead was refused."""
    with house.web(url, processes=processes) as web:
        load.flat_out(web.port, lines=clients, seconds=1.0)
        before = web.cpu_ms()["web"]
        run = load.flat_out(web.port, lines=clients, seconds=seconds)
        cpu = web.cpu_ms()["web"] - before
    refused = [sent.status for sent in run.sent if sent.status != 202]
    if refused:
        raise RuntimeError(f"{len(refused)} of {len(run.sent)} leads were not accepted: {set(refused)}")
    p50, p99 = p50_p99([sent.took_ms for sent in run.accepted])
    return round(run.rate, 1), p50, p99, round(cpu / len(run.accepted), 3)


def pgbench(url: str, sql: str, seconds: float) -> tuple[float, float, float]:
    """(statements/s, p50, p99 in ms) of one prepared statement at sixteen clients, by PostgreSQL's own tool."""
    parts = urlsplit(url)
    folder = Path(tempfile.mkdtemp(prefix="headroom-bench-"))
    try:
        (folder / "bare.sql").write_text(sql)
        environ = {**house.PATHS, "PGPASSWORD": parts.password or ""}
        where = ["-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username)]
        ready = "CREATE SEQUENCE IF NOT EXISTS bare; INSERT INTO people (created_at) SELECT now() WHERE NOT EXISTS (SELECT FROM people)"
        subprocess.run([tool("psql"), *where, "-q", "-c", ready, parts.path[1:]], env=environ, check=True)
        command = [
            tool("pgbench"),
            *where,
            "-n",
            "-M",
            "prepared",
            "-c",
            str(CLIENTS),
            "-j",
            "2",
            "-T",
            str(max(int(seconds), 2)),
        ]
        more = ["-f", str(folder / "bare.sql"), "-l", "--log-prefix", str(folder / "log"), parts.path[1:]]
        told = subprocess.run([*command, *more], env=environ, capture_output=True, text=True, check=True).stdout
        lines = [line.split() for path in folder.glob("log*") for line in path.read_text().splitlines()]
        took = [int(line[2]) / 1000 for line in lines]
        tps = next(line for line in told.splitlines() if line.startswith("tps"))
        return round(float(tps.split()[2]), 1), round(percentile(took, 0.5), 3), round(percentile(took, 0.99), 3)
    finally:
        shutil.rmtree(folder)


def tool(name: str) -> str:
    """A program of PostgreSQL: beside the server's, else on PATH."""
    beside = find_postgres() / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise RuntimeError(
            f"{name} was not found: install PostgreSQL's client programs (Debian: apt-get install postgresql-contrib)"
        )
    return found
