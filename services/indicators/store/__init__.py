"""Queries of indicators."""
