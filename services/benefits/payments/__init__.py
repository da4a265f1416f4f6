"""Payments: what is owed, each attempt to pay it, and what the bank says of both."""
