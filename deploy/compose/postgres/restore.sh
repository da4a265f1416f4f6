#!/usr/bin/env bash
# Puts a backup in the place of what is there, each database whole or not at all. docs/operations.md says what comes
# before and after.
#   docker compose run --rm backup bash /etc/ansinh/restore.sh 2026-11-24T01-00-00Z
set -euo pipefail
cd "/var/lib/postgresql/backups/$1"
sha256sum --check --quiet SHA256SUMS

export PGOPTIONS=--client-min-messages=error
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }
be() {
  export PGHOST=${SERVER%:*} PGPORT=${SERVER#*:} PGUSER=$1 PGDATABASE=$1 PGPASSWORD
  PGPASSWORD=$(<"/run/secrets/database_$1")
}

databases=(notifications indicators benefits registry keycloak)
for name in "${databases[@]}"; do
  be "$name"
  others="SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
  if [[ $(ask --command "$others") != 0 ]]; then
    echo "$name đang được dùng, hãy dừng các dịch vụ trước. / $name is in use; stop the services first." >&2
    exit 1
  fi
done

for name in "${databases[@]}"; do
  be "$name"
  {
    echo 'DROP SCHEMA public CASCADE; CREATE SCHEMA public;'
    pg_restore --no-owner --file=- "$name.dump" || echo 'SELECT the_backup_cannot_be_read;'
  } | ask --single-transaction --output=/dev/null
  ask --command 'VACUUM ANALYZE'
  counted=$(
    ask <<'SQL'
SELECT format('SELECT %L, count(*) FROM %I', relname, relname)
  FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY relname \gexec
SQL
  )
  if [[ $counted != "$(<"$name.rows")" ]]; then
    echo "$name: số dòng không khớp bản sao lưu. / The rows are not as many as were backed up." >&2
    exit 1
  fi
  printf '%s: %s bảng khớp / tables agree\n' "$name" "$(wc -l <"$name.rows")"
done
