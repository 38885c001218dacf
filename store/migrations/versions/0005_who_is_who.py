"""who is who: suggestions, merges, names that were given, one spelling of each line, and calls on open leads"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    one_spelling()  # first, because it reads all addresses: what follows holds `people` for a moment only
    op.add_column("people", sa.Column("is_named", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("people", sa.Column("merged_into", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_people_merged_into"), "people", "people", ["merged_into"], ["id"])
    op.create_table(
        "likenesses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("one", sa.BigInteger(), nullable=False),
        sa.Column("other", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["one"], ["people.id"], name=op.f("fk_likenesses_one")),
        sa.ForeignKeyConstraint(["other"], ["people.id"], name=op.f("fk_likenesses_other")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_likenesses")),
        sa.UniqueConstraint("one", "other", name=op.f("uq_likenesses_one_other")),
    )
    op.create_index("ix_likenesses_other", "likenesses", ["other"])
    op.create_index("ix_likenesses_value", "likenesses", ["value"])
    op.create_table(
        "merges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("addresses", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("leads", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("folded", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["kept"], ["people.id"], name=op.f("fk_merges_kept")),
        sa.ForeignKeyConstraint(["gone"], ["people.id"], name=op.f("fk_merges_gone")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index("ix_merges_kept", "merges", ["kept"])
    op.create_table(
        "joined_calls",
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_joined_calls_lead_id")),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_joined_calls")),
    )
    op.create_index(op.f("ix_joined_calls_lead_id"), "joined_calls", ["lead_id"])


def one_spelling() -> None:
    """What is there already in the form in which it is looked for; where two people have the same line now, the first keeps it."""
    for written, kept in (
        (r"^\+55(\d\d)([6-9]\d{7})$", r"+55\19\2"),
        (r"^\+521(\d{10})$", r"+52\1"),
        (r"^\+549(\d{10})$", r"+54\1"),
    ):
        op.execute(
            sa.text("""
            INSERT INTO addresses (kind, value, person_id)
            SELECT kind, regexp_replace(value, :written, :kept), person_id FROM addresses
            WHERE kind IN ('phone', 'whatsapp') AND value ~ :written ON CONFLICT DO NOTHING
            """).bindparams(written=written, kept=kept)
        )
    op.execute(r"""
        INSERT INTO addresses (kind, value, person_id)
        SELECT 'mailbox', regexp_replace(value, '\+[^@]*@', '@'), person_id FROM addresses
        WHERE kind = 'email' AND value LIKE '_%+_%@%' ON CONFLICT DO NOTHING
    """)
