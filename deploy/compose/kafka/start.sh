#!/usr/bin/env bash
# Makes the broker's storage the first time, then runs the broker.
set -euo pipefail
settings=/etc/ansinh/server.properties
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$settings" >/dev/null
exec /opt/kafka/bin/kafka-server-start.sh "$settings"
