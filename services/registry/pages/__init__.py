"""The officer's desk: what waits, households with their history and reasons, surveys, approvals."""

from pathlib import Path

from fastapi import APIRouter

from services.registry.pages.changes import add_changes
from services.registry.pages.duplicates import add_duplicates
from services.registry.pages.home import add_home
from services.registry.pages.household_changes import add_household_changes
from services.registry.pages.households import add_households
from services.registry.pages.people import add_people
from services.registry.pages.proposals import TELLERS
from services.registry.pages.reorganisations import add_reorganisations
from services.registry.pages.rounds import add_rounds
from services.registry.pages.surveys import add_surveys
from services.registry.pages.worklists import add_worklists
from shared.pages import Desk, Nav
from shared.pages.proposals import add_proposals

_MENU = (
    Nav("/registry/desk", "desk.work"),
    Nav("/registry/desk/rounds", "desk.rounds"),
    Nav("/registry/desk/households", "desk.households"),
    Nav("/registry/desk/changes", "desk.changes"),
    Nav("/registry/desk/duplicates", "desk.duplicates"),
    Nav("/registry/desk/reorganisations", "desk.reorganisations"),
    Nav("/registry/desk/proposals", "desk.proposals"),
)


def desk_router() -> APIRouter:
    """Return the pages under `/registry/desk`."""
    desk = Desk("registry", Path(__file__).parent / "templates", _MENU)
    router = desk.router()
    add_home(router, desk)
    add_households(router, desk)
    add_household_changes(router, desk)
    add_changes(router, desk)
    add_people(router, desk)
    add_surveys(router, desk)
    add_rounds(router, desk)
    add_duplicates(router, desk)
    add_reorganisations(router, desk)
    add_worklists(router, desk)
    add_proposals(router, desk, tellers=TELLERS)
    return router
