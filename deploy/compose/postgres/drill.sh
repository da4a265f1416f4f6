#!/usr/bin/env bash
# Proves that the newest backup can be restored: into a server of its own, which nobody else reaches and which is gone
# after. What runs is not touched.
#   docker compose run --rm backup bash /etc/ansinh/drill.sh
set -euo pipefail
backups=/var/lib/postgresql/backups
newest=$(find "$backups" -maxdepth 1 -name '????-??-??T??-??-??Z' -printf '%f\n' | sort | tail -n 1)
if [[ -z $newest ]]; then
  echo 'Chưa có bản sao lưu nào. / There is no backup yet.' >&2
  exit 1
fi
cd "$backups/$newest"
sha256sum --check --quiet SHA256SUMS

export PGDATA
PGDATA=$(mktemp -d -p /var/lib/postgresql drill.XXXX)
socket=$(mktemp -d)
trap 'pg_ctl --mode=immediate --silent stop || true; rm -rf -- "$PGDATA" "$socket"' EXIT
initdb --username=drill --auth=trust --no-sync --encoding=UTF8 --locale-provider=builtin --locale=C --builtin-locale=C.UTF-8 >/dev/null
pg_ctl --log="$PGDATA/log" --silent --wait start \
  --options="-c listen_addresses='' -c unix_socket_directories='$socket' -c shared_buffers=32MB -c fsync=off"
export PGHOST=$socket PGUSER=drill PGDATABASE=postgres PGOPTIONS=--client-min-messages=error
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }

began=$(date +%s)
for name in notifications indicators benefits registry keycloak; do
  ask --command "CREATE DATABASE $name"
  pg_restore --no-owner --no-privileges --exit-on-error --dbname="$name" "$name.dump"
  counted=$(
    ask --dbname="$name" <<'SQL'
SELECT format('SELECT %L, count(*) FROM %I', relname, relname)
  FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY relname \gexec
SQL
  )
  if [[ $counted != "$(<"$name.rows")" ]]; then
    echo "$newest, $name: số dòng không khớp. / The rows are not as many as were backed up." >&2
    exit 1
  fi
done
took=$(($(date +%s) - began))
printf '%s: khôi phục thử được sau %d giây / restored in a drill after %d seconds\n' "$newest" "$took" "$took" |
  tee -a "$backups/drills"
