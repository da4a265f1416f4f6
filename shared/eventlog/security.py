"""How a client shows a Kafka broker who it is, and the broker shows the client."""

import ssl
from typing import Any

from shared.settings import EventLogSettings


def security_options(settings: EventLogSettings) -> dict[str, Any]:
    """Return the options of aiokafka's clients for the settings' protocol; SCRAM-SHA-512 where one signs in.

    Raises:
        OSError: the authority's certificate cannot be read.
    """
    options: dict[str, Any] = {"security_protocol": settings.kafka_protocol}
    if settings.kafka_protocol.startswith("SASL") and settings.kafka_password is not None:
        options |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    if settings.kafka_protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca)
    return options
