"""Runs the registry's migrations."""

from services.registry.tables import metadata
from shared.db.migrations import run

run(metadata)
