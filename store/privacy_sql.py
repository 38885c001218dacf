"""The statements behind store/privacy.py: where a person's words can stand, and what stays of each row.

A new column or table that can hold a person's words belongs in here; tests/store/test_privacy.py looks through every one.
"""

from collections.abc import Mapping

from sqlalchemy import TextClause, text

PEOPLE = text("""
WITH RECURSIVE meant AS (
  SELECT person_id AS id FROM leads WHERE id = :number
  UNION SELECT person_id FROM addresses WHERE value = ANY(:ways)
  UNION SELECT id FROM people WHERE phone = ANY(:ways) OR lower(email) = ANY(:ways)
  UNION SELECT p.id FROM people p JOIN meant ON p.merged_into = meant.id  -- who was merged into them
) SELECT id FROM meant ORDER BY 1
""")
ADDRESSES = text("""
SELECT value FROM addresses WHERE person_id = ANY(:people) AND kind <> 'mailbox' AND kind NOT LIKE '% of'
UNION SELECT phone FROM people WHERE id = ANY(:people) AND phone IS NOT NULL
UNION SELECT email FROM people WHERE id = ANY(:people) AND email IS NOT NULL
UNION SELECT value FROM people, jsonb_each_text(handles) WHERE id = ANY(:people)
""")
LEADS = text("SELECT id FROM leads WHERE person_id = ANY(:people) ORDER BY id")
NAMES = text("""
SELECT name FROM people WHERE id = ANY(:people) AND name IS NOT NULL
UNION SELECT content ->> 'name' FROM leads WHERE id = ANY(:leads) AND content ->> 'name' <> ''
""")
OPEN = text("SELECT id FROM leads WHERE id = ANY(:leads) AND closed_at IS NULL ORDER BY id")
LOCK = text("SELECT id FROM leads WHERE id = ANY(:leads) ORDER BY id FOR UPDATE")

# deliveries about the person: of their leads, or with an address of theirs (a STOP begins no lead)
THEIRS = """
  (lead_id = ANY(:leads) OR number = ANY(:leads) OR content ->> 'phone' = ANY(:addresses) OR lower(content ->> 'email') = ANY(:lower)
   OR EXISTS (SELECT FROM jsonb_each_text(CASE jsonb_typeof(content -> 'handles') WHEN 'object' THEN content -> 'handles' ELSE '{}' END) AS h
              WHERE h.value = ANY(:addresses)))
"""
# what the team wrote or was told about them beside their leads, as in a list of open leads: the lead's code, and a name or address
BESIDE = "{0} ILIKE ANY(:needles) OR ({0} ~ :codes AND {0} ILIKE ANY(:names))"
LOCK_WAITING = text(f"SELECT id FROM inbox WHERE done_at IS NULL AND {THEIRS} ORDER BY id FOR UPDATE")

# from the state suppressed nobody who has claimed a message can write its words back
FORGET_MESSAGES = text(f"""
UPDATE outbox SET address = CASE WHEN recipient = 'lead' THEN '' ELSE address END, words = NULL, fields = '{{}}', subject = NULL,
  body = NULL, error = NULL, lease_until = NULL,
  state = CASE WHEN state IN ('pending', 'claimed', 'sending', 'ambiguous') THEN 'suppressed' ELSE state END
WHERE lead_id = ANY(:leads) OR (recipient = 'lead' AND address = ANY(:addresses))
  OR {BESIDE.format("(fields::text || coalesce(body, ''))")}
""")
FORGET_DELIVERIES = text(f"""
UPDATE inbox SET content = '{{}}', headers = '{{}}', body = '', digest = :erased, error = NULL, done_at = coalesce(done_at, :now),
  number = CASE WHEN done_at IS NULL AND lead_id IS NULL THEN NULL ELSE number END
WHERE {THEIRS} OR {BESIDE.format("content::text")}
""")
FORGET: tuple[TextClause, ...] = (
    text("""
    UPDATE receipts SET body = '{}' WHERE message_id IN (SELECT id FROM outbox WHERE lead_id = ANY(:leads)) OR body::text ILIKE ANY(:needles)
    """),
    text("UPDATE alarms SET data = '{}', armed = false WHERE lead_id = ANY(:leads)"),
    # of a step stays who of the team did what; its reason is kept unless it quotes what somebody wrote or names the person
    text("""
    UPDATE steps SET details = CASE WHEN array_to_string(details, ' ') ILIKE ANY(:named) THEN '{}' ELSE details END,
      data = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(data) WHERE key = ANY(:kept)),
      why = CASE WHEN data ?| ARRAY['text', 'reason', 'why', 'url'] OR why ILIKE ANY(:named) THEN :forgotten ELSE why END
    WHERE lead_id = ANY(:leads)
    """),
    text("""
    UPDATE steps SET data = '{}', why = :forgotten, details = '{}'
    WHERE lead_id <> ALL(:leads) AND (why ILIKE ANY(:needles) OR data::text ILIKE ANY(:needles))
    """),
    text("""
    UPDATE leads SET content = '{}', message = '', matched = '{}', call_sid = NULL, state = state - 'call_sid' - 'wait_reason' - 'said' - 'response_call', changed_at = :now
    WHERE id = ANY(:leads)
    """),
    text("DELETE FROM suppressions WHERE address = ANY(:addresses)"),
    text("DELETE FROM likenesses WHERE one = ANY(:people) OR other = ANY(:people)"),
    text("DELETE FROM merges WHERE kept = ANY(:people) OR gone = ANY(:people)"),
    text("DELETE FROM joined_calls WHERE lead_id = ANY(:leads)"),
    text("DELETE FROM addresses WHERE person_id = ANY(:people)"),
    text("""
    UPDATE people SET name = NULL, phone = NULL, email = NULL, handles = '{}', zone = NULL, locale = NULL, last_rep = NULL, wrote_at = NULL
    WHERE id = ANY(:people)
    """),
)

# links in messages act for whoever got them, and the team's own addresses are the team's: neither is the person's
EXPORT: Mapping[str, TextClause] = {
    "people": text("SELECT * FROM people WHERE id = ANY(:people) ORDER BY id"),
    "addresses": text("SELECT kind, value FROM addresses WHERE person_id = ANY(:people) ORDER BY kind, value"),
    "merges": text(
        "SELECT kept, gone, at, by, before, addresses, undone_at, undone_by FROM merges WHERE kept = ANY(:people) OR gone = ANY(:people) ORDER BY id"
    ),
    "opt_outs": text("SELECT channel, address, reason, since FROM suppressions WHERE address = ANY(:addresses) ORDER BY since"),
    "leads": text("SELECT * FROM leads WHERE id = ANY(:leads) ORDER BY id"),
    "steps": text(
        "SELECT lead_id, at, event, data, was, became, owner, why, details FROM steps WHERE lead_id = ANY(:leads) ORDER BY id"
    ),
    "messages": text("""
        SELECT id, lead_id, recipient, channel, CASE WHEN recipient = 'lead' THEN address END AS address, purpose, subject,
          regexp_replace(body, '/(offers|manage)/[[:alnum:]_.-]+', '/\\1/...', 'g') AS body, state, created_at, sent_at, delivered_at
        FROM outbox WHERE lead_id = ANY(:leads) OR address = ANY(:addresses) ORDER BY id"""),
    "delivery_reports": text("""
        SELECT r.provider, r.message_id, r.status, r.code, r.body, r.received_at FROM receipts r JOIN outbox o ON o.id = r.message_id
        WHERE o.recipient = 'lead' AND o.lead_id = ANY(:leads) ORDER BY r.received_at"""),
    "received": text(
        f"SELECT id, source, external_id, event, content, headers, body, received_at FROM inbox WHERE {THEIRS} ORDER BY id"
    ),
}
