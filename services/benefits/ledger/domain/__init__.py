"""Accounts, journals and posting templates; nothing here knows a database."""
