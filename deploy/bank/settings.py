"""What was switched at the bank and stays switched when it restarts."""

import sqlite3


def read(db: sqlite3.Connection, name: str) -> str | None:
    """Return a setting, None where it was never made."""
    row = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["value"])


def write(db: sqlite3.Connection, name: str, value: str | None) -> None:
    """Make a setting, or take it away."""
    if value is None:
        db.execute("DELETE FROM setting WHERE name = ?", (name,))
    else:
        db.execute(
            "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )
