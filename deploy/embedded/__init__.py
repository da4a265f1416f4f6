"""The whole platform on one machine: four services in one process, PostgreSQL and the event log beside them."""
