"""Runs the migrations over one connection, one transaction each, and never waits long for a lock."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from store.tables import metadata

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as db:
    # Whoever comes while we wait for a table waits behind us, and gives up after 2 s (store/engine.py): we must give way before that.
    db.execute(text("SET lock_timeout = '1s'"))
    db.execute(text("SELECT pg_advisory_lock(7261301)"))  # two machines that start at once migrate one after the other
    db.commit()
    context.configure(connection=db, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    db.commit()
