"""The registry over HTTP: one router a resource."""

from services.registry.api import (
    accounts,
    areas,
    assessments,
    code_lists,
    decisions,
    duplicates,
    exports,
    grants,
    household_changes,
    household_imports,
    households,
    movements,
    people,
    reorganisations,
    round_papers,
    rounds,
    simulations,
    standards,
)
from shared.http import Router

ROUTERS: tuple[Router, ...] = (
    areas.router,
    reorganisations.router,
    standards.router,
    code_lists.router,
    simulations.router,
    exports.router,
    households.router,
    household_changes.router,
    household_imports.router,
    people.router,
    accounts.router,
    duplicates.router,
    assessments.router,
    rounds.router,
    round_papers.router,
    decisions.router,
    movements.router,
    grants.router,
)
