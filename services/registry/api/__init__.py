"""The registry over HTTP: one router a resource."""

from services.registry.api import areas, assessments, decisions, grants, households, people, standards
from shared.http import Router

ROUTERS: tuple[Router, ...] = (
    areas.router,
    standards.router,
    households.router,
    people.router,
    assessments.router,
    decisions.router,
    grants.router,
)
