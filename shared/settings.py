"""Settings: one small class an area, read from `ANSINH_…` variables and checked at start."""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url

ServiceName = Literal["registry", "benefits", "indicators", "notifications"]
SERVICES: tuple[ServiceName, ...] = ("registry", "benefits", "indicators", "notifications")
_PREFIX = "ANSINH_"


class BadSetting(ValueError):
    """One sentence: a variable cannot be used as it is."""


class _Files(PydanticBaseSettingsSource):
    """`ANSINH_X_FILE` names a file that holds the value of `ANSINH_X`: a mounted secret shows in no environment."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        variable = f"{self.config['env_prefix']}{field_name.upper()}"
        named = os.environ.get(f"{variable}_FILE")
        if not named:
            return None, field_name, False
        if os.environ.get(variable):
            raise BadSetting(f"{variable} and {variable}_FILE are both set; keep one of them.")
        try:
            return Path(named).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except OSError as error:
            raise BadSetting(f"{variable}_FILE names {named}, which cannot be read: {error.strerror}.") from error

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


class Settings(BaseSettings):
    """Settings from `ANSINH_…` variables. An empty variable counts as none; any may name a file by `ANSINH_…_FILE`.

    Raises:
        BadSetting: a variable is given twice, or its file cannot be read.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what the code gives, then variables, then the files that variables name."""
        return init_settings, env_settings, _Files(settings_cls)


class EventLogSettings(Settings):
    """Where events travel: Kafka, or the embedded log in PostgreSQL when no Kafka is named."""

    kafka: str | None = Field(default=None, description="bootstrap servers, host:port[,host:port]")
    kafka_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_user: str | None = Field(default=None, description="who we are to the broker (SCRAM-SHA-512)")
    kafka_password: SecretStr | None = None
    kafka_ca: Path | None = Field(default=None, description="PEM file of the authority behind the broker's certificate")
    eventlog_url: str | None = Field(default=None, description="PostgreSQL URL of the embedded log")
    topic_prefix: str = Field(default="", description="put before each topic where platforms share a broker")

    @model_validator(mode="after")
    def _who_must_sign_in_can(self) -> Self:
        if self.kafka_protocol.startswith("SASL") and not (self.kafka_user and self.kafka_password):
            raise ValueError(
                f"ANSINH_KAFKA_PROTOCOL={self.kafka_protocol} needs ANSINH_KAFKA_USER and ANSINH_KAFKA_PASSWORD"
            )
        return self


class IdentitySettings(Settings):
    """Whose tokens are accepted. Without an issuer nobody can sign in, and nothing that asks who one is answers."""

    oidc_issuer: str | None = Field(default=None, description="as it stands in the tokens' `iss`")
    oidc_audience: str = Field(default="ansinh", description="what must stand in the tokens' `aud`")
    oidc_jwks_url: str | None = Field(default=None, description="where the issuer's keys are, if not as it says itself")
    oidc_jwks_file: Path | None = Field(default=None, description="the issuer's keys, where it cannot be asked")
    oidc_discovery_url: str | None = Field(
        default=None, description="where the services find the issuer's discovery document, if not under its own URL"
    )
    oidc_client_id: str = Field(default="ansinh-web", description="the client as which people sign in by browser")
    oidc_client_secret: SecretStr | None = Field(default=None, description="of that client, where it has one")
    public_url: str | None = Field(default=None, description="where browsers reach the platform; none: no sign-in")


class AuditSettings(Settings):
    """Where the signed heads of the audit chain go, and how often."""

    model_config = SettingsConfigDict(env_prefix="ANSINH_AUDIT__")

    heads: Path = Field(description="folder that the database's owner cannot write to, best on another machine")
    publish_every: float = Field(default=3600.0, gt=0, description="seconds between two signed heads")


class ServiceSettings(Settings):
    """What every service needs to start. `database_url` is a PostgreSQL URL of its own role and database."""

    service: ServiceName
    database_url: str
    database_password: SecretStr | None = Field(default=None, description="put into `database_url`")
    pool_size: int = 5
    log_level: str = "INFO"
    relay_interval: float = Field(default=0.1, description="seconds between two looks at an empty outbox")
    keys: Path = Field(description="folder of the service's keys")
    audit: AuditSettings = Field(default_factory=AuditSettings)
    jobs_stale_after: float = Field(default=30.0, gt=0, description="seconds until a silent job is taken up again")
    event_log: EventLogSettings = Field(default_factory=EventLogSettings)
    identity: IdentitySettings = Field(default_factory=IdentitySettings)

    @model_validator(mode="after")
    def _url_with_password(self) -> Self:
        if self.database_password is not None:
            url = make_url(self.database_url).set(password=self.database_password.get_secret_value())
            self.database_url = url.render_as_string(hide_password=False)
        return self
