"""Review rounds: applications, opening, cases and progress, and the steps that households go through."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.registry.domain.round_records import (
    Issue,
    Issued,
    MeetingHeld,
    Minutes,
    Objection,
    ObjectionTaken,
    Posted,
    Posting,
    Recheck,
    Rechecked,
    Screening,
    Surveys,
)
from services.registry.domain.rounds import Stage
from services.registry.store import rounds
from services.registry.store.round_steps import Desk
from services.registry.store.rounds import Application, ApplicationTaken, CaseView, RoundOrder, RoundView
from shared import clock
from shared.access import Access
from shared.http import IDEMPOTENT, About, Actor, Page, Paging, Reads, Router, Tx, needs

router = Router(prefix="/registry/v1", tags=["review rounds"])

Reading = Annotated[Access, needs("rounds.read")]
Running = Annotated[Access, needs("rounds.run")]
AreaCode = Annotated[str | None, Query(max_length=12)]
PeriodName = Annotated[str | None, Query(max_length=7, examples=["2026"])]


@router.post("/review-applications", status_code=201, dependencies=[IDEMPOTENT])
async def apply_for_review(
    tx: Tx, actor: Actor, access: Running, about: About, application: Application
) -> ApplicationTaken:
    """Take a household's application to be reviewed; the answer says which round it belongs to."""
    taken = await rounds.take_application(tx, access, application, by=actor, now=clock.now())
    about.one("household", taken.household_id, area=taken.area_code)
    return taken


@router.get("/review-applications")
async def list_review_applications(
    tx: Tx, access: Reading, reads: Reads, paging: Paging, area_code: AreaCode = None, period: PeriodName = None
) -> Page[ApplicationTaken]:
    """List applications to be reviewed, in the order in which they were taken."""
    after = paging.after(UUID)
    found = await rounds.applications_of(
        tx, access, area_code=area_code, period=period, after=after[0] if after else None, limit=paging.limit + 1
    )
    page = paging.page(found, key=lambda each: (each.id,))
    reads.many("household", [each.household_id for each in page.items], area=area_code)
    return page


@router.post("/rounds", status_code=201, dependencies=[IDEMPOTENT])
async def open_round(tx: Tx, actor: Actor, access: Running, about: About, order: RoundOrder) -> RoundView:
    """Open the yearly round of a commune, or that of a month; all who must be reviewed are in it."""
    access.require(order.area_code)
    opened = await rounds.open_round(tx, order, by=actor, now=clock.now())
    about.one("round", opened.id, area=opened.area_code)
    return opened


@router.get("/rounds")
async def list_rounds(
    tx: Tx,
    access: Reading,
    paging: Paging,
    area_code: AreaCode = None,
    period: PeriodName = None,
    standard: Annotated[str | None, Query(max_length=40)] = None,
) -> Page[RoundView]:
    """List rounds with their targets and progress, a commune each."""
    after = paging.after(UUID)
    found = await rounds.find_rounds(
        tx,
        access,
        area_code=area_code,
        period=period,
        standard=standard,
        after=after[0] if after else None,
        limit=paging.limit + 1,
    )
    return paging.page(found, key=lambda each: (each.id,))


@router.get("/rounds/{round_id}")
async def get_round(tx: Tx, access: Reading, round_id: UUID) -> RoundView:
    """Show a round with its targets and progress."""
    found = await rounds.round_by_id(tx, round_id, access)
    return (await rounds.rounds_of(tx, [found.id]))[0]


@router.get("/rounds/{round_id}/cases")
async def list_review_cases(
    tx: Tx, access: Reading, reads: Reads, paging: Paging, round_id: UUID, stage: Stage | None = None
) -> Page[CaseView]:
    """List the households of a round, each with how far it has come."""
    found = await rounds.round_by_id(tx, round_id, access)
    after = paging.after(UUID)
    cases = await rounds.cases_of(tx, round_id, stage=stage, after=after[0] if after else None, limit=paging.limit + 1)
    page = paging.page(cases, key=lambda each: (each.household_id,))
    reads.many("household", [each.household_id for each in page.items], area=found.area_code)
    return page


async def _desk(tx: Tx, actor: str, access: Access, about: About, round_id: UUID) -> Desk:
    found = await rounds.round_by_id(tx, round_id, access)
    about.one("round", found.id, area=found.area_code)
    return Desk(tx, found, actor, clock.now())


@router.post("/rounds/{round_id}/screenings", status_code=201, dependencies=[IDEMPOTENT])
async def screen_household(
    tx: Tx, actor: Actor, access: Running, about: About, round_id: UUID, screening: Screening
) -> Screening:
    """Record form A of a household that applied."""
    await (await _desk(tx, actor, access, about, round_id)).screen(screening)
    return screening


@router.post("/rounds/{round_id}/surveys", status_code=201, dependencies=[IDEMPOTENT])
async def survey_households(
    tx: Tx, actor: Actor, access: Running, about: About, round_id: UUID, surveys: Surveys
) -> Surveys:
    """Record by which assessments households are heard, up to 500, all or none."""
    await (await _desk(tx, actor, access, about, round_id)).survey(surveys)
    return surveys


@router.post("/rounds/{round_id}/meetings", status_code=201, dependencies=[IDEMPOTENT])
async def record_meeting(
    tx: Tx, actor: Actor, access: Running, about: About, round_id: UUID, minutes: Minutes
) -> MeetingHeld:
    """Record the minutes of a village meeting: who is agreed to, and who is to be scored and heard again."""
    return await (await _desk(tx, actor, access, about, round_id)).meet(minutes)


@router.post("/rounds/{round_id}/postings", status_code=201, dependencies=[IDEMPOTENT])
async def post_results(tx: Tx, actor: Actor, access: Running, about: About, round_id: UUID, posting: Posting) -> Posted:
    """Record that results were posted in public; the answer says until when objections are heard."""
    return await (await _desk(tx, actor, access, about, round_id)).post(posting)


@router.post("/rounds/{round_id}/objections", status_code=201, dependencies=[IDEMPOTENT])
async def take_objection(
    tx: Tx, actor: Actor, access: Running, about: About, round_id: UUID, objection: Objection
) -> ObjectionTaken:
    """Record an objection; it stands in the way of the decision until it was re-checked."""
    return await (await _desk(tx, actor, access, about, round_id)).object(objection)


@router.post("/rounds/{round_id}/objections/{objection_id}/recheck", status_code=201, dependencies=[IDEMPOTENT])
async def recheck_objection(
    tx: Tx, actor: Actor, access: Running, about: About, round_id: UUID, objection_id: UUID, recheck: Recheck
) -> Rechecked:
    """Record what a re-check found; an objection that was right takes the household back to the survey."""
    return await (await _desk(tx, actor, access, about, round_id)).recheck(objection_id, recheck)


@router.post("/rounds/{round_id}/certificates", status_code=201, dependencies=[IDEMPOTENT])
async def issue_certificates(
    tx: Tx, actor: Actor, access: Running, about: About, round_id: UUID, issue: Issue
) -> Sequence[Issued]:
    """Issue certificates for poor and near-poor households that were decided in the round."""
    return await (await _desk(tx, actor, access, about, round_id)).certify(issue)
