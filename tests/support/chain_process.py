"""A relay or a consumer as a process of its own, to be killed.

`python -m tests.support.chain_process relay|consumer NAME`. `CHAIN_DATABASE` is its database; its log is Kafka
(`CHAIN_KAFKA`, `CHAIN_PREFIX`, `CHAIN_SESSION_SECONDS`) or the embedded one (`CHAIN_LOG`). With `CHAIN_TWICE` the relay
stores everything twice.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry

from shared.db import Database
from shared.eventlog import EventLog
from shared.eventlog.embedded import EmbeddedLog
from shared.eventlog.kafka import KafkaLog
from shared.keys import load_keys
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner
from tests.support.events import projector, record_what_is_not_refused
from tests.support.logs import Doubling


async def main(part: str, name: str) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = Database(
        os.environ["CHAIN_DATABASE"], name=name, keys=load_keys(Path(os.environ["ANSINH_KEYS"]), "registry")
    )
    log = _log(name)
    if part == "relay":
        seen = Doubling(log) if "CHAIN_TWICE" in os.environ else log
        await Relay(database, seen, CollectorRegistry(), interval=0.02).run(stop)
    else:
        await Runner(database, log, projector(handler=record_what_is_not_refused)).run(stop)
    await log.close()
    await database.close()


def _log(name: str) -> EventLog:
    if url := os.environ.get("CHAIN_LOG"):
        return EmbeddedLog(url, client=name)
    prefix, seconds = os.environ["CHAIN_PREFIX"], float(os.environ["CHAIN_SESSION_SECONDS"])
    return KafkaLog(os.environ["CHAIN_KAFKA"], client=name, prefix=prefix, session_seconds=seconds)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
