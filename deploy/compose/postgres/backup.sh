#!/usr/bin/env bash
# One folder a backup: each database as it was at one instant, how many rows each table had then, and checksums.
#   docker compose run --rm backup
set -euo pipefail
folder=/var/lib/postgresql/backups/$(date -u +%Y-%m-%dT%H-%M-%SZ)
rm -rf -- /var/lib/postgresql/backups/*.unfinished
mkdir -p "$folder.unfinished"
cd "$folder.unfinished"

# Who reads events comes before who writes them: what a database has heard of, the one after it still holds.
for name in notifications indicators benefits registry keycloak; do
  export PGHOST=${SERVER%:*} PGPORT=${SERVER#*:} PGUSER=$name PGDATABASE=$name PGPASSWORD
  PGPASSWORD=$(<"/run/secrets/database_$name")
  # One transaction sees both what is dumped and what is counted.
  psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --set name="$name" >"$name.rows" <<'SQL'
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
\! pg_dump --format=custom --snapshot="$SNAPSHOT" --file="$PGDATABASE.dump" || touch failed
SELECT format('SELECT %L, count(*) FROM %I', relname, relname)
  FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY relname \gexec
COMMIT;
SQL
  [[ ! -e failed ]]
done
sha256sum -- *.dump *.rows >SHA256SUMS
mv "$folder.unfinished" "$folder"
printf 'Đã sao lưu / backed up: %s\n' "${folder##*/}"

# Older ones make room.
cd /var/lib/postgresql/backups
ls -1d -- ????-??-??T??-??-??Z | head -n -"$KEEP" | xargs -r rm -r --
