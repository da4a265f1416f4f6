"""The rules of payments; nothing here knows a database, a bank's channel or the time."""
