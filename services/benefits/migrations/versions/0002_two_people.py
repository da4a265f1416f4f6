"""Who prepared and who approved runs and applications stands among the proposals."""

import hashlib
import json
from typing import Any

from alembic import op
from sqlalchemy import text

from shared.db.kit_migration_approvals import create_proposals, drop_proposals

revision = "0002"
down_revision = "0001"

# A run that is still open is prepared anew before it is approved: its hash says of no content that it was seen.
_RUNS = """
    INSERT INTO proposals (id, kind, subject, content, content_hash, state, prepared_by, prepared_at,
                           decided_by, decided_at)
    SELECT id, 'payment-run', id::text, convert_to(jsonb_build_object('programme', programme)::text, 'UTF8'), '',
           CASE state WHEN 'PREPARED' THEN 'open' ELSE 'approved' END, prepared_by, prepared_at,
           approved_by, approved_at
    FROM payment_run
"""
_APPLICATIONS = """
    SELECT a.id, a.programme, a.household_id, a.person_id, a.applied_on, a.sheet, a.prepared_by, a.prepared_at,
           CASE a.state WHEN 'submitted' THEN 'open' ELSE a.state END AS state, d.decided_by, d.decided_at, d.note
    FROM application a LEFT JOIN application_decision d ON d.application_id = a.id
"""
_PUT = """
    INSERT INTO proposals (id, kind, subject, content, content_hash, state, prepared_by, prepared_at,
                           decided_by, decided_at, note)
    VALUES (:id, 'application', :subject, :content, :content_hash, :state, :prepared_by, :prepared_at,
            :decided_by, :decided_at, :note)
"""
_BACK = (
    """
    ALTER TABLE payment_run ADD content_hash varchar, ADD prepared_by varchar, ADD prepared_at timestamptz,
        ADD approved_by varchar, ADD approved_at timestamptz
    """,
    """
    UPDATE payment_run r SET content_hash = p.content_hash, prepared_by = p.prepared_by, prepared_at = p.prepared_at,
        approved_by = p.decided_by, approved_at = p.decided_at
    FROM proposals p WHERE p.kind = 'payment-run' AND p.subject = r.id::text
    """,
    """
    ALTER TABLE payment_run ALTER content_hash SET NOT NULL, ALTER prepared_by SET NOT NULL,
        ALTER prepared_at SET NOT NULL
    """,
    "ALTER TABLE application ADD prepared_by varchar, ADD prepared_at timestamptz",
    """
    UPDATE application a SET prepared_by = p.prepared_by, prepared_at = p.prepared_at
    FROM proposals p WHERE p.kind = 'application' AND p.subject = a.id::text
    """,
    "ALTER TABLE application ALTER prepared_by SET NOT NULL, ALTER prepared_at SET NOT NULL",
)


def _proposed(row: Any) -> dict[str, Any]:
    fields = {name: str(row[name]) for name in ("programme", "household_id", "person_id", "applied_on")}
    content = json.dumps(fields | {"sheet": row["sheet"]}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    head = f"application\n{row['id']}\n\n".encode()
    names = ("id", "state", "prepared_by", "prepared_at", "decided_by", "decided_at", "note")
    return {name: row[name] for name in names} | {
        "subject": str(row["id"]),
        "content": content.encode(),
        "content_hash": hashlib.sha256(head + content.encode()).hexdigest(),
    }


def upgrade() -> None:
    create_proposals()
    op.execute(_RUNS)
    connection = op.get_bind()
    applications = [_proposed(row) for row in connection.execute(text(_APPLICATIONS)).mappings()]
    if applications:
        connection.execute(text(_PUT), applications)
    op.execute(
        "ALTER TABLE payment_run DROP content_hash, DROP prepared_by, DROP prepared_at, DROP approved_by, "
        "DROP approved_at"
    )
    op.execute("ALTER TABLE application DROP prepared_by, DROP prepared_at")


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
    drop_proposals()
