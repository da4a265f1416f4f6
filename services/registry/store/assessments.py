"""Recording assessments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from services.registry.domain.assessments import Findings, FindingsRefused, evaluate
from services.registry.domain.classification import IncomeRoute, Proposal
from services.registry.domain.standards import standards
from services.registry.store.areas import CommunesByDay, communes
from services.registry.tables import ASSESSMENTS, HOUSEHOLDS
from shared.access import Access
from shared.clock import legal_date
from shared.db import Transaction, among
from shared.events.registry import Setting
from shared.http import FieldProblem, Problem
from shared.ids import new_id


@dataclass(frozen=True)
class Assessment:
    """Recorded findings and the class that they propose."""

    id: UUID
    household_id: UUID
    setting: Setting
    findings: Findings
    proposal: Proposal


async def assess(
    session: Transaction,
    access: Access,
    items: Sequence[tuple[UUID, Findings]],
    *,
    pointers: Sequence[str],
    by: str,
    now: datetime,
) -> list[Assessment]:
    """Record the findings in households of an access's areas, all or none, in the order given.

    `pointers` say where each stood. A household elsewhere is as unknown as one that is not registered.

    Raises:
        Problem: 422 `findings_refused`; some findings cannot be evaluated, or a household is not registered.
    """
    query = select(HOUSEHOLDS.c.id, HOUSEHOLDS.c.area_code).where(among(HOUSEHOLDS.c.id, [each for each, _ in items]))
    known = {row.id: row.area_code for row in await session.execute(query)}
    access.note_attempt(known.values())
    homes = {household: area_code for household, area_code in known.items() if access.covers(area_code)}
    places = await communes(session, homes.values())
    assessments: list[Assessment] = []
    errors: list[FieldProblem] = []
    for at, (household_id, findings) in zip(pointers, items, strict=True):
        try:
            assessments.append(_assessed(household_id, homes.get(household_id), findings, places, now))
        except FindingsRefused as refusal:
            errors.append(FieldProblem(f"{at}/{refusal.field}", refusal.code))
    if errors:
        raise Problem(422, "findings_refused", errors=errors, count=len(errors))
    rows = [_row(each) | {"recorded_by": by, "recorded_at": now} for each in assessments]
    await (await session.connection()).execute(insert(ASSESSMENTS), rows)
    return assessments


def _assessed(
    household_id: UUID, area_code: str | None, findings: Findings, places: CommunesByDay, now: datetime
) -> Assessment:
    if area_code is None:
        raise FindingsRefused("household_id", "household_unknown")
    area = places.on(area_code, findings.assessed_on)
    if area is None:
        raise FindingsRefused("assessed_on", "not_a_commune_then")
    if area.setting is None:
        raise FindingsRefused("standard", "setting_undecided")
    proposal = evaluate(findings, setting=area.setting, today=legal_date(now), standards=standards())
    return Assessment(new_id(), household_id, area.setting, findings, proposal)


def _row(assessment: Assessment) -> dict[str, object]:
    findings, proposal = assessment.findings, assessment.proposal
    income = findings.route.income_per_person_month if isinstance(findings.route, IncomeRoute) else None
    return {
        "id": assessment.id,
        "household_id": assessment.household_id,
        "standard": findings.standard,
        "assessed_on": findings.assessed_on,
        "setting": assessment.setting,
        "income_per_person_month": income,
        "b1_points": proposal.b1_points,
        "b2_points": proposal.b2_points,
        "deprivations": list(proposal.deprivations),
        "proposed_class": proposal.household_class,
        "reasons": [reason.model_dump() for reason in proposal.reasons],
    }
