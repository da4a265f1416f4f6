"""A relay or a consumer as a process of its own, to be killed: python -m tests.support.chain_process relay|consumer."""

import asyncio
import os
import signal
import sys

from prometheus_client import CollectorRegistry

from shared.db import Database
from shared.eventlog.kafka import KafkaLog
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner
from tests.support.events import projector


async def main(part: str) -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = Database(os.environ["CHAIN_DATABASE"], name=part)
    log = KafkaLog(os.environ["CHAIN_KAFKA"], client=part, prefix=os.environ["CHAIN_PREFIX"])
    if part == "relay":
        await Relay(database, log, CollectorRegistry(), interval=0.02).run(stop)
    else:
        await Runner(database, log, projector()).run(stop)
    await log.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
