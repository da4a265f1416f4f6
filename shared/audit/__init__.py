"""Audit: every change and every read of personal data leaves a row, and no row can be altered unseen.

A row is written in the transaction of what it tells of. Each second the service's sealer chains the new rows by hash;
each hour it publishes the signed head of the chain outside the database. `docs/audit.md` says what that proves.
"""

from shared.audit.rows import Entry, Tally, counted, write, write_last

__all__ = ["Entry", "Tally", "counted", "write", "write_last"]
