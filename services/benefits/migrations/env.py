"""Runs this service's migrations."""

from services.benefits.tables import metadata
from shared.db.migrations import run

run(metadata)
