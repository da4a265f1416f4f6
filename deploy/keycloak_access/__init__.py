"""Keycloak brought to what the platform needs: its administrator, the realm's clients and scopes, people, machines."""
