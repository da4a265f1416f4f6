#!/usr/bin/env bash
# Runs Keycloak, with the passwords that it takes from its environment alone read from the mounted secrets. The first
# password of its administrator is worth something until keycloak-setup has run, and never again.
set -euo pipefail
KC_DB_PASSWORD=$(</run/secrets/database_keycloak)
KC_BOOTSTRAP_ADMIN_PASSWORD=$(</run/secrets/keycloak_first)
export KC_DB_PASSWORD KC_BOOTSTRAP_ADMIN_PASSWORD
exec /opt/keycloak/bin/kc.sh start --optimized --import-realm
