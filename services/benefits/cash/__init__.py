"""Monthly cash assistance: applications, decisions, awards, and the monthly run."""
