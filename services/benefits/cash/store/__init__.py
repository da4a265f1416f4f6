"""Queries and writes of cash assistance, one module an idea."""
