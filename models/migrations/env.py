"""How migrations run: on the connection that `Database.upgrade` hands over."""

from alembic import context

from models.tables import Base


def run() -> None:
    """Migrate in the caller's transaction."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        message = "Migrations are run by `tipline db upgrade`, not by alembic's own command."
        raise RuntimeError(message)
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


run()
