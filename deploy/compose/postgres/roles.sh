#!/usr/bin/env bash
# One role and one database for each service and for Keycloak. Run by the image when the data folder is new; run it again
# after a password has changed or a database has been added:
# docker compose exec postgres bash /docker-entrypoint-initdb.d/roles.sh
set -euo pipefail

for name in registry benefits indicators notifications keycloak; do
  # The password is read by psql itself: an argument would show among the machine's processes.
  NAME=$name psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
    --set name="$name" <<'SQL'
\set password `cat "/run/secrets/database_$NAME"`
SELECT format('CREATE ROLE %I', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
ALTER ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password' CONNECTION LIMIT 60;
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
psql --no-psqlrc --quiet --username postgres --dbname postgres \
  --command 'REVOKE ALL ON DATABASE postgres FROM PUBLIC' --command 'REVOKE ALL ON DATABASE template1 FROM PUBLIC'
