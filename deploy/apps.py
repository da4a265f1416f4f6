"""The four services, by name: their settings and how each app is built."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from services.benefits import app as benefits
from services.benefits.settings import BenefitsSettings
from services.indicators import app as indicators
from services.indicators.settings import IndicatorsSettings
from services.notifications import app as notifications
from services.notifications.settings import NotificationsSettings
from services.registry import app as registry
from shared.settings import ServiceName, ServiceSettings

SETTINGS: dict[ServiceName, type[ServiceSettings]] = {
    "registry": ServiceSettings,
    "benefits": BenefitsSettings,
    "indicators": IndicatorsSettings,
    "notifications": NotificationsSettings,
}
_BUILD: dict[ServiceName, Callable[[Any], FastAPI]] = {
    "registry": registry.build,
    "benefits": benefits.build,
    "indicators": indicators.build,
    "notifications": notifications.build,
}


def build(settings: ServiceSettings) -> FastAPI:
    """Return the app of the service that the settings are for."""
    return _BUILD[settings.service](settings)
