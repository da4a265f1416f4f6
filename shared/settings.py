"""Settings: one small class an area, read from `ANSINH_…` variables and checked at start."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ServiceName = Literal["registry", "benefits", "indicators", "notifications"]
SERVICES: tuple[ServiceName, ...] = ("registry", "benefits", "indicators", "notifications")


class EventLogSettings(BaseSettings):
    """Where events travel: Kafka, or the embedded log in PostgreSQL when no Kafka is named."""

    model_config = SettingsConfigDict(env_prefix="ANSINH_")

    kafka: str | None = Field(default=None, description="bootstrap servers, host:port[,host:port]")
    eventlog_url: str | None = Field(default=None, description="PostgreSQL URL of the embedded log")
    topic_prefix: str = Field(default="", description="put before each topic where platforms share a broker")


class ServiceSettings(BaseSettings):
    """What every service needs to start. `database_url` is a PostgreSQL URL of its own role and database."""

    model_config = SettingsConfigDict(env_prefix="ANSINH_")

    service: ServiceName
    database_url: str
    pool_size: int = 5
    log_level: str = "INFO"
    relay_interval: float = Field(default=0.1, description="seconds between two looks at an empty outbox")
    event_log: EventLogSettings = Field(default_factory=EventLogSettings)
