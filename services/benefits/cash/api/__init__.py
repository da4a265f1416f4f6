"""One router a resource."""

from services.benefits.cash.api.applications import router as applications_router
from services.benefits.cash.api.awards import router as awards_router
from services.benefits.cash.api.runs import router as runs_router

ROUTERS = (applications_router, awards_router, runs_router)

__all__ = ["ROUTERS"]
