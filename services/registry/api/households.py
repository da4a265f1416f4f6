"""Households: registering, reading, listing, and the classes decided for them."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.registry.api.views import Doubt, HouseholdSummary, HouseholdView, accounts_waiting, doubts_about
from services.registry.domain.households import HouseholdRegistration
from services.registry.store import decisions, households
from services.registry.store.decisions import ClassDecided
from services.registry.store.household_counts import household_counts
from services.registry.store.household_history import household_as_of
from shared import clock
from shared.access import Access
from shared.clock import legal_date
from shared.events.registry import HouseholdClass
from shared.http import (
    IDEMPOTENT,
    About,
    Actor,
    FieldProblem,
    IfNoneMatch,
    Page,
    Paging,
    Problem,
    Reads,
    Router,
    Tx,
    etag,
    needs,
    request_language,
)

router = Router(prefix="/registry/v1", tags=["households"])

Reading = Annotated[Access, needs("households.read")]
Registering = Annotated[Access, needs("households.register")]


class Registered(BaseModel):
    """A household as registered, with what to look at."""

    household: HouseholdView
    warnings: list[Doubt]


class RegistrationBatch(BaseModel):
    """Households to be registered together: all or none."""

    model_config = ConfigDict(extra="forbid")

    households: list[HouseholdRegistration] = Field(min_length=1, max_length=500)


class RegisteredMember(BaseModel):
    """The id that a member of a registered household got."""

    id: UUID
    is_head: bool


class RegisteredHousehold(BaseModel):
    """The ids that a household of a batch and its members got, in the order sent."""

    id: UUID
    members: list[RegisteredMember]


class AreaCount(BaseModel):
    """Households and people of one class in one unit; without unit, those whose place on that map is not known."""

    model_config = ConfigDict(from_attributes=True)

    area_code: str | None
    household_class: HouseholdClass | None
    households: int
    people: int


class HouseholdCounts(BaseModel):
    """The counts of a day on the map of a day."""

    on: date
    map_on: date
    areas: list[AreaCount]


class RegisteredBatch(BaseModel):
    """The households of a batch, in the order sent, with what to look at."""

    households: list[RegisteredHousehold]
    warnings: list[Doubt]


@router.post("/households", status_code=201, dependencies=[IDEMPOTENT])
async def register_household(
    request: Request,
    response: Response,
    tx: Tx,
    actor: Actor,
    access: Registering,
    about: About,
    body: HouseholdRegistration,
) -> Registered:
    """Register a household with its members in a commune.

    A personal number that disagrees with sex or birth date is a warning: neither is corrected by the other. An account
    of an authorised person is a proposal: it holds once another person has approved it.
    """
    access.require(body.area_code)
    (made,) = await households.register(tx, [body], pointers=["/body"], by=actor, now=clock.now())
    about.one("household", made.id, area=made.area_code)
    response.headers["Location"] = f"/registry/v1/households/{made.id}"
    response.headers["ETag"] = etag(made.revision)
    language = request_language(request)
    warnings = [*doubts_about(made, "/body", language), *accounts_waiting(body, "/body", language)]
    return Registered(household=HouseholdView.of(made), warnings=warnings)


@router.post("/households/batches", status_code=201, dependencies=[IDEMPOTENT])
async def register_households(
    request: Request, tx: Tx, actor: Actor, access: Registering, about: About, body: RegistrationBatch
) -> RegisteredBatch:
    """Register up to 500 households at once, all or none."""
    access.require(*(each.area_code for each in body.households))
    pointers = [f"/body/households/{index}" for index in range(len(body.households))]
    made = await households.register(tx, body.households, pointers=pointers, by=actor, now=clock.now())
    about.many("household", [each.id for each in made])
    language = request_language(request)
    return RegisteredBatch(
        households=[
            RegisteredHousehold(
                id=each.id, members=[RegisteredMember(id=member.id, is_head=member.is_head) for member in each.members]
            )
            for each in made
        ],
        warnings=[
            doubt
            for at, stated, each in zip(pointers, body.households, made, strict=True)
            for doubt in (*doubts_about(each, at, language), *accounts_waiting(stated, at, language))
        ],
    )


@router.get("/households/{household_id}")
async def get_household(
    tx: Tx,
    access: Reading,
    reads: Reads,
    response: Response,
    known: IfNoneMatch,
    household_id: UUID,
    on: Annotated[date | None, Query(description="as it was on this day; today where absent")] = None,
    known_at: Annotated[
        AwareDatetime | None, Query(description="as it was known at this instant; now if absent")
    ] = None,
) -> HouseholdView:
    """Show a household with its members, facts and classes: now, as it was on a day, as it was known at an instant.

    What was known later about an earlier day shows without `known_at`; the tag to change it on is that of now.
    """
    found = await households.household(tx, household_id, access)
    reads.one("household", found.id, area=found.area_code)
    if on is None and known_at is None:
        response.headers["ETag"] = known.check(found.revision)
        return HouseholdView.of(found)
    day = on or legal_date(known_at or clock.now())
    shown = await household_as_of(tx, found, on=day, known_at=known_at)
    if shown is None:
        raise Problem(404, "household_not_then")
    return HouseholdView.of(shown, day)


@router.get("/households")
async def list_households(
    tx: Tx,
    access: Reading,
    reads: Reads,
    paging: Paging,
    area_code: Annotated[str | None, Query(max_length=12)] = None,
    standard: Annotated[str | None, Query(max_length=40, description="only households with a class under it")] = None,
    household_class: Annotated[HouseholdClass | None, Query(description="under `standard`")] = None,
) -> Page[HouseholdSummary]:
    """List households in the order of their registration."""
    if household_class is not None and standard is None:
        raise Problem(422, "validation_failed", errors=[FieldProblem("/query/standard", "missing")], count=1)
    if area_code is not None:
        access.note_attempt([area_code])
    after = paging.after(UUID)
    found = await households.find_households(
        tx,
        access,
        area_code=area_code,
        standing=None if standard is None else (standard, household_class),
        after=after[0] if after else None,
        limit=paging.limit + 1,
    )
    page = paging.page([HouseholdSummary.of(each) for each in found], key=lambda each: (str(each.id),))
    reads.many("household", [each.id for each in page.items], area=area_code)
    return page


@router.get("/household-counts")
async def count_households(
    tx: Tx,
    access: Reading,
    reads: Reads,
    on: Annotated[date | None, Query(description="the day counted; today where absent")] = None,
    map_on: Annotated[date | None, Query(description="the day whose map it is shown on; `on` where absent")] = None,
    standard: Annotated[str | None, Query(max_length=40, description="by class under it")] = None,
) -> HouseholdCounts:
    """Count households and people of a day by unit and class, on the map of that day or of another one.

    So a figure of before a reorganisation can be asked on the new map, and one of after on the old.
    """
    day = on or legal_date(clock.now())
    shown_on = map_on or day
    counted = await household_counts(tx, access, on=day, map_on=shown_on, standard=standard)
    reads.many("household", [])
    return HouseholdCounts(on=day, map_on=shown_on, areas=[AreaCount.model_validate(each) for each in counted])


@router.get("/households/{household_id}/history")
async def get_household_history(tx: Tx, access: Reading, reads: Reads, household_id: UUID) -> Sequence[ClassDecided]:
    """Show every class that was decided for a household, oldest first."""
    found = await households.household(tx, household_id, access)
    reads.one("household", found.id, area=found.area_code)
    return await decisions.history_of(tx, household_id)
