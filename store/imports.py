"""What a file of leads would meet: rows taken before, people known already, and their open leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, text

from routing import identity
from store.engine import at_once
from store.saving import rows

TAKEN = text("SELECT external_id FROM inbox WHERE source = :source AND external_id = ANY(:keys)")
KNOWN = text("""
SELECT a.kind, a.value, (SELECT l.code FROM leads l WHERE l.person_id = a.person_id AND l.closed_at IS NULL ORDER BY l.id DESC LIMIT 1) AS code
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(kind text, value text)
JOIN addresses a ON a.kind = r.kind AND a.value = r.value
""")
KEYS = {"phone": identity.phone_key, "email": identity.email_key}  # as people are known by them
AT_ONCE = 1_000  # addresses asked for with one statement


@dataclass(frozen=True, slots=True)
class Met:
    """`taken`: keys of rows imported before. `known`: by (kind, address), the code of the person's open lead, "" for none open."""

    taken: frozenset[str]
    known: Mapping[tuple[str, str], str]


def meet(engine: Engine, source: str, keys: Sequence[str], addresses: Sequence[tuple[str, str]]) -> Met:
    """`addresses` are ("phone", E.164) and ("email", address)."""
    taken: set[str] = set()
    known: dict[tuple[str, str], str] = {}
    with at_once(engine) as db:
        for start in range(0, len(keys), AT_ONCE):
            taken.update(db.execute(TAKEN, {"source": source, "keys": list(keys[start : start + AT_ONCE])}).scalars())
        for start in range(0, len(addresses), AT_ONCE):
            asked = {pair: (pair[0], KEYS[pair[0]](pair[1])) for pair in addresses[start : start + AT_ONCE]}
            some = rows({"kind": kind, "value": value} for kind, value in sorted(set(asked.values())))
            found = {(row.kind, row.value): row.code or "" for row in db.execute(KNOWN, {"rows": some})}
            known.update({pair: found[key] for pair, key in asked.items() if key in found})
    return Met(frozenset(taken), known)
