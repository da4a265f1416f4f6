"""Runs the migrations of notifications."""

from services.notifications.tables import metadata
from shared.db.migrations import run

run(metadata)
