"""The four services, by name: their settings and how each app is built."""

from importlib import import_module

from fastapi import FastAPI

from services.benefits.settings import BenefitsSettings
from services.indicators.settings import IndicatorsSettings
from services.notifications.settings import NotificationsSettings
from shared.settings import ServiceName, ServiceSettings

SETTINGS: dict[ServiceName, type[ServiceSettings]] = {
    "registry": ServiceSettings,
    "benefits": BenefitsSettings,
    "indicators": IndicatorsSettings,
    "notifications": NotificationsSettings,
}


def build(settings: ServiceSettings) -> FastAPI:
    """Return the app of the service that the settings are for.

    Its modules are imported now: a process that runs one service does without the others' megabytes and seconds.
    """
    app: FastAPI = import_module(f"services.{settings.service}.app").build(settings)
    return app
