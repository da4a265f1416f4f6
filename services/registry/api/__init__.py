"""The registry over HTTP: one router a resource."""

from services.registry.api import (
    areas,
    assessments,
    decisions,
    grants,
    household_imports,
    households,
    movements,
    people,
    round_papers,
    rounds,
    simulations,
    standards,
)
from shared.http import Router

ROUTERS: tuple[Router, ...] = (
    areas.router,
    standards.router,
    simulations.router,
    households.router,
    household_imports.router,
    people.router,
    assessments.router,
    rounds.router,
    round_papers.router,
    decisions.router,
    movements.router,
    grants.router,
)
