"""Queries and writes of payments, one module an idea."""
