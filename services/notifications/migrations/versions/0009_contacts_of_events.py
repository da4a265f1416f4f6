"""An event may name the telephones at which it is told: a message each."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(
        """ALTER TABLE messages
            ADD COLUMN contact integer NOT NULL DEFAULT 0,
            DROP CONSTRAINT messages_event_id_once,
            ADD CONSTRAINT messages_event_id_once UNIQUE (event_id, purpose, contact)"""
    )


def downgrade() -> None:
    op.execute(
        """ALTER TABLE messages
            DROP COLUMN contact,
            ADD CONSTRAINT messages_event_id_once UNIQUE (event_id, purpose)"""
    )
