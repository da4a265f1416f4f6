"""Our copy of what the registry said about households and people."""
