"""I1 to I8: what must hold after every row, seen from outside, in the providers' logs and in the database."""

import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from config.dotenv import read_env_file
from console.processes import is_alive, wait_until
from tests import invariants
from tests.chaos.faults import ROLES
from tests.chaos.firm import SLA_SECONDS, manager_phone
from tests.chaos.trial import Trial, Writer
from tests.installation import APP_SECRET, TOKEN

DECIDED_WITHIN = 15.0  # seconds
SETTLED_WITHIN = 200.0  # seconds: a lease of 30, then 120 until a mail that nobody reports on counts as uncertain
PERSONAL = re.compile(r"\+?1713\d{7}|\+1512555[789]\d{3}|[\w.]+@(?:people|cole)\.example")


def hold(
    trial: Trial,
    *,
    told_within: float = 5.0,
    alive_within: float = 10.0,
    clean_within: float = 60.0,
    settled_within: float = SETTLED_WITHIN,
) -> None:
    """All eight, or an AssertionError that names what broke. `told_within`: seconds after the SLA until a manager is told.

    `settled_within`: until no message is in doubt; 0 does not wait for it.
    """
    broken = [
        *all_roles_live(trial, alive_within), *managers_are_told(trial, told_within), *is_clean(trial, clean_within),
        *(nothing_is_in_doubt(trial, settled_within) if settled_within else ()), *each_is_one_lead(trial),
        *nobody_has_too_much(trial), *each_is_answered_once(trial),
        *rudeness_is_refused(trial), *logs_say_nothing_personal(trial),
    ]  # fmt: skip
    trial.saw |= {"leads": len(trial.taken), "looks": trial.watch.looks}
    assert not broken, "\n".join(broken)


def each_is_one_lead(trial: Trial) -> list[str]:
    """I1. What was just taken may need a moment until it is decided."""
    wait_until(lambda: trial.count("SELECT count(*) FROM inbox WHERE done_at IS NULL") == 0, DECIDED_WITHIN)
    leads = Counter(row.message for row in trial.rows("SELECT message FROM leads"))
    lost = [writer.key for writer in trial.taken if leads[writer.key] == 0]
    double = [key for key, number in leads.items() if number > 1]
    trial.saw |= {"lost": len(lost), "double_leads": len(double)}
    return [
        *(f"I1: {key} was answered 2xx and is no lead" for key in lost),
        *(f"I1: {key} is more than one lead" for key in double),
    ]


def nothing_is_in_doubt(trial: Trial, within: float) -> list[str]:
    """Calls whose end nobody saw are looked up before the providers' logs are counted: a wrong answer would send them again."""
    began = time.monotonic()
    settled = wait_until(
        lambda: trial.count("SELECT count(*) FROM outbox WHERE state IN ('sending', 'ambiguous')") == 0, SETTLED_WITHIN
    )
    doubtful = trial.count("SELECT count(DISTINCT message_id) FROM attempts WHERE finished_at IS NULL OR outcome = 'ambiguous'")
    trial.saw |= {"in_doubt": doubtful, "settled_after_s": round(time.monotonic() - began, 1)}
    return [] if settled else [f"messages are still in doubt after {within:.0f} s"]


def nobody_has_too_much(trial: Trial) -> list[str]:
    """I2."""
    found, looks = trial.watch.found, trial.watch.looks
    seen = [f"I2: {found} times above a cap or with two owners, in {looks} looks"] if found else []
    return [*seen, *(f"I2: {problem}" for problem in invariants.broken(trial.engine))]


def each_is_answered_once(trial: Trial) -> list[str]:
    """I3: the providers' logs, joined with what each message was for."""
    acks = {
        str(row.id): row.lead_id
        for row in trial.rows("SELECT id, lead_id FROM outbox WHERE recipient = 'lead' AND purpose = 'ack'")
    }
    counted = Counter((acks[sent.message_id], sent.vendor) for sent in trial.sent if sent.message_id in acks)
    double = [
        f"I3: lead {lead} was acknowledged {number} times by {vendor}" for (lead, vendor), number in counted.items() if number > 1
    ]
    again = Counter(sent.message_id for sent in trial.sent if sent.message_id not in acks)
    trial.saw |= {"double_acks": len(double), "staff_told_twice": sum(number > 1 for number in again.values())}
    return double


def managers_are_told(trial: Trial, within: float) -> list[str]:
    """I4: nobody accepts an urgent lead in these rows, so each manager hears of theirs."""
    urgent = [writer for writer in trial.taken if writer.is_urgent]
    if not urgent:
        return []
    wait_until(lambda: learn_codes(trial, urgent), DECIDED_WITHIN)
    late = timedelta(seconds=SLA_SECONDS + within)
    ends = max(writer.taken_at for writer in urgent if writer.taken_at) + late
    wait_until(
        lambda: all(told_after(trial, w) is not None for w in urgent), max(0.0, (ends - datetime.now(UTC)).total_seconds())
    )
    spans = {writer.code: told_after(trial, writer) for writer in urgent}
    trial.saw |= {
        "urgent": len(urgent),
        "told_after_sla_s": round(max((s for s in spans.values() if s is not None), default=-1), 1),
    }
    return [f"I4: of {code} nobody was told in time ({span})" for code, span in spans.items() if span is None or span > within]


def learn_codes(trial: Trial, writers: list[Writer]) -> bool:
    """A delivery that was spooled gets its code when it is brought in. True when all have theirs."""
    unknown = {writer.key: writer for writer in writers if not writer.code}
    for row in trial.rows("SELECT message, code FROM leads WHERE message = ANY(:keys)", keys=list(unknown)) if unknown else ():
        unknown[row.message].code = row.code
    return all(writer.code for writer in writers)


def told_after(trial: Trial, writer: Writer) -> float | None:
    """Seconds from the end of the SLA until a text or mail to the pool's manager named the lead."""
    number = int(writer.source[1:])
    ways = (*trial.texts.to(manager_phone(number)), *trial.mails.to(f"m{number}@cole.example"))
    at = min((sent.at for sent in ways if writer.code and writer.code in f"{sent.subject} {sent.body}"), default=None)
    if at is None or writer.taken_at is None:
        return None
    return (at - writer.taken_at).total_seconds() - SLA_SECONDS


def rudeness_is_refused(trial: Trial) -> list[str]:
    """I5. 503 is what we say while there is nowhere to write it down, and is right for what cannot be told to be bad before."""
    bad = [status for status, said in trial.rude_answers if status >= 500 or "Traceback" in said]
    return [f"I5: broken input was answered {sorted(set(bad))}"] if bad else []


def logs_say_nothing_personal(trial: Trial) -> list[str]:
    """I6."""
    kept = read_env_file(trial.house.data / "local.env")[0]
    secrets = [TOKEN, APP_SECRET, "SG.tests", *(kept[name] for name in ("SECRET_KEY", "HEADROOM_API_TOKEN") if name in kept)]
    secrets += [url.split(":")[2].partition("@")[0] for url in (trial.database_url, trial.redis_url) if url]
    files = [trial.house.output, *(trial.house.data / "logs").glob("*"), *(trial.folder / "servers").rglob("*.log")]
    found = []
    for file in files:
        said = file.read_text(errors="replace")
        found += [
            f"I6: {file.name} names a person: ...{said[max(0, m.start() - 80) : m.end()]!r}"
            for m in list(PERSONAL.finditer(said))[:1]
        ]
        found += [f"I6: {file.name} holds a secret" for secret in secrets if secret in said]
    return found


def is_clean(trial: Trial, within: float) -> list[str]:
    """I7."""
    began = time.monotonic()
    clean = wait_until(lambda: bool((trial.house.api("/ops/invariants") or {}).get("clean")), within)
    trial.saw["clean_after_s"] = round(time.monotonic() - began, 1)
    return [] if clean else [f"I7: {(trial.house.api('/ops/invariants') or {}).get('findings')}"]


def all_roles_live(trial: Trial, within: float) -> list[str]:
    """I8."""
    began = time.monotonic()

    def all_well() -> bool:
        pids = [trial.house.pid(role) for role in ROLES if role != "worker" or trial.redis_url]
        return all(pid and is_alive(pid) for pid in pids) and all(is_up(trial, path) for path in ("/readyz", "/health/engine"))

    alive = wait_until(all_well, within)
    trial.saw["alive_after_s"] = round(time.monotonic() - began, 1)
    state = {role: trial.house.pid(role) for role in ROLES}
    return [] if alive else [f"I8: not all alive within {within:.0f} s: {state}, readyz {is_up(trial, '/readyz')}"]


def is_up(trial: Trial, path: str) -> bool:
    """Does the probe say yes?"""
    return bool(trial.house.get(path).is_fine)
