"""Events in and out of a service's database: outbox, relay and journal; consumers, dead letters and rebuilds.

The invariants, numbered and each with its test, stand in `docs/events.md`.
"""
