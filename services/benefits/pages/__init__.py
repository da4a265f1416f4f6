"""The desk of those who pay: runs as funnels, what waits for a second person, each payment with its whole history."""

from pathlib import Path

from fastapi import APIRouter

from services.benefits.pages.account_checks import add_account_checks
from services.benefits.pages.applications import add_applications
from services.benefits.pages.banks import add_banks
from services.benefits.pages.exceptions import add_exceptions
from services.benefits.pages.months import add_months
from services.benefits.pages.names import means
from services.benefits.pages.orders import add_orders
from services.benefits.pages.run_steps import add_run_steps
from services.benefits.pages.runs import add_runs
from shared.pages import Desk, Nav
from shared.pages.proposals import add_proposals

_MENU = (
    Nav("/benefits/desk", "desk.runs"),
    Nav("/benefits/desk/exceptions", "desk.exceptions"),
    Nav("/benefits/desk/banks", "desk.banks"),
    Nav("/benefits/desk/proposals", "desk.proposals"),
)
_DECIDED_AT = {
    "application": "/benefits/desk/applications/{subject}",
    "payment-run": "/benefits/desk/runs/{subject}",
}


def desk_router() -> APIRouter:
    """Return the pages under `/benefits/desk`."""
    desk = Desk("benefits", Path(__file__).parent / "templates", _MENU, {"means": means})
    router = desk.router()
    add_runs(router, desk)
    add_run_steps(router, desk)
    add_months(router, desk)
    add_account_checks(router, desk)
    add_orders(router, desk)
    add_exceptions(router, desk)
    add_banks(router, desk)
    add_applications(router, desk)
    add_proposals(router, desk, elsewhere=_DECIDED_AT)
    return router
