"""The indicators service: figures by area and day from events, and the public page."""

from fastapi import FastAPI

from services.indicators.api import payments, poverty
from services.indicators.consumers import CONSUMERS
from services.indicators.pages.boundaries import load_boundaries
from services.indicators.pages.router import page_router
from services.indicators.settings import IndicatorsSettings
from shared.service import ServiceDefinition, build_app


def definition(settings: IndicatorsSettings) -> ServiceDefinition:
    """Return what the service is made of.

    Raises:
        BoundariesUnreadable: the boundaries that the settings name cannot be read.
    """
    boundaries = None if settings.boundaries is None else load_boundaries(settings.boundaries)
    return ServiceDefinition(
        name="indicators",
        title="Ansinh: chỉ số",
        routers=[poverty.router, payments.router],
        consumers=CONSUMERS,
        pages=[page_router(boundaries)],
    )


def build(settings: IndicatorsSettings) -> FastAPI:
    """Return the service's app."""
    return build_app(definition(settings), settings)
