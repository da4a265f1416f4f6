"""Awards, for reading; decisions make them."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel

from services.benefits.cash.store import awards as store
from shared.access import Access
from shared.http.access import needs
from shared.http.audit import Reads
from shared.http.pages import Page, Paging
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx

router = Router(prefix="/benefits/v1", tags=["awards"])

Reading = Annotated[Access, needs("awards.read")]


class AwardOut(BaseModel):
    """A monthly amount (VND) from month to month, both included."""

    id: UUID
    application_id: UUID
    programme: str
    fund: str
    household_id: UUID
    person_id: UUID
    area_code: str
    monthly_amount: int
    first_month: str
    last_month: str
    granted_on: date
    granted_by: str
    state: str


def _out(row: Any) -> AwardOut:
    return AwardOut.model_validate(dict(row._mapping))


@router.get("/awards")
async def list_awards(
    tx: Tx, access: Reading, reads: Reads, paging: Paging, household_id: UUID | None = None
) -> Page[AwardOut]:
    """List awards, newest first."""
    after = paging.after(UUID)
    rows = await store.page_of_awards(
        tx, access, household_id=household_id, after=after[0] if after else None, limit=paging.limit + 1
    )
    page = paging.page([_out(row) for row in rows], key=lambda out: (out.id,))
    reads.many("award", [each.id for each in page.items])
    return page


@router.get("/awards/{award_id}")
async def get_award(tx: Tx, access: Reading, reads: Reads, award_id: UUID) -> AwardOut:
    """Read one award."""
    row = await store.award(tx, award_id)
    if row is None:
        raise Problem(404, "award_not_found")
    access.admit(row.area_code, Problem(404, "award_not_found"))
    reads.one("award", award_id, area=row.area_code)
    return _out(row)
