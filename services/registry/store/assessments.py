"""Recording assessments."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from services.registry.domain.assessments import Evaluation, Findings, FindingsRefused, evaluate
from services.registry.domain.classification import FormRoute, IncomeRoute
from services.registry.domain.deprivations import Resident
from services.registry.domain.facts import HouseholdFacts, MemberFacts, PersonFacts, with_news
from services.registry.domain.household_state import HouseholdState
from services.registry.domain.standards import standards
from services.registry.store.areas import CommunesByDay, communes
from services.registry.store.forms import known_forms
from services.registry.store.household_book import states_on, take_facts
from services.registry.store.household_changes import lock
from services.registry.tables import ASSESSMENTS, HOUSEHOLDS, PEOPLE
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
    evaluation: Evaluation


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

    Raises as `evaluated` does.
    """
    surveyed = {each: (findings.facts, findings.assessed_on) for each, findings in items if findings.facts is not None}
    await lock(session, surveyed)
    assessments = await evaluated(session, access, items, pointers=pointers, now=now)
    rows = [_row(each) | {"recorded_by": by, "recorded_at": now} for each in assessments]
    await (await session.connection()).execute(insert(ASSESSMENTS), rows)
    if surveyed:
        await take_facts(session, surveyed, by=by, now=now)
    return assessments


async def evaluated(
    session: Transaction,
    access: Access,
    items: Sequence[tuple[UUID, Findings]],
    *,
    pointers: Sequence[str],
    now: datetime,
) -> list[Assessment]:
    """Return what findings in households of an access's areas propose, in the order given; nothing is recorded.

    `pointers` say where each stood. A household elsewhere is as unknown as one that is not registered.

    Raises:
        Problem: 422 `findings_refused`; some findings cannot be evaluated, or a household is not registered.
    """
    living = HOUSEHOLDS.c.ended_on.is_(None)
    query = select(HOUSEHOLDS.c.id, HOUSEHOLDS.c.area_code).where(living)
    query = query.where(among(HOUSEHOLDS.c.id, [each for each, _ in items]))
    known = {row.id: row.area_code for row in await session.execute(query)}
    access.note_attempt(known.values())
    homes = {household: area_code for household, area_code in known.items() if access.covers(area_code)}
    states = await states_on(session, {each: findings.assessed_on for each, findings in items})
    # Of the day of review: a code may mean another unit since.
    homes |= {each: states[each].area_code for each in homes if each in states}
    places = await communes(session, homes.values())
    forms = await known_forms(session)
    assessments: list[Assessment] = []
    errors: list[FieldProblem] = []
    for at, (household_id, stated) in zip(pointers, items, strict=True):
        try:
            state = states.get(household_id)
            findings = stated if state is None else stated.model_copy(update={"facts": _facts(state, stated)})
            setting = _setting(homes.get(household_id), findings, places)
            evaluation = evaluate(
                findings,
                setting=setting,
                today=legal_date(now),
                standards=standards(),
                forms=forms,
                residents=() if state is None else _residents(state),
            )
            assessments.append(Assessment(new_id(), household_id, setting, findings, evaluation))
        except FindingsRefused as refusal:
            errors.append(FieldProblem(f"{at}/{refusal.field}", refusal.code))
    if errors:
        raise Problem(422, "findings_refused", errors=errors, count=len(errors))
    return assessments


async def assessments_of(session: Transaction, household_id: UUID) -> list[dict[str, Any]]:
    """Return the assessments of a household, newest first."""
    query = select(ASSESSMENTS).where(ASSESSMENTS.c.household_id == household_id)
    query = query.order_by(ASSESSMENTS.c.assessed_on.desc(), ASSESSMENTS.c.id.desc())
    return [dict(row) for row in (await session.execute(query)).mappings()]


def _residents(state: HouseholdState) -> list[Resident]:
    return [Resident(each.person_id, each.sex, each.birth_date) for each in state.members]


def _facts(state: HouseholdState, findings: Findings) -> HouseholdFacts | None:
    """Return what is known on the day of review: what the survey found, over what the book holds. None: nothing is."""
    found = findings.facts or HouseholdFacts()
    known_of = {each.person_id: each.facts for each in state.members}
    surveyed = [(each.person_id, with_news(known_of.pop(each.person_id, PersonFacts()), each, erase=False))
                for each in found.members]  # fmt: skip
    members = [MemberFacts(**dict(facts), person_id=person) for person, facts in (*surveyed, *known_of.items())]
    known = HouseholdFacts(**dict(with_news(state.facts, found, erase=False)), members=members)
    nothing = HouseholdFacts(members=[MemberFacts(person_id=each.person_id) for each in known.members])
    return findings.facts if known == nothing else known


async def residents_of(session: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[Resident]]:
    """Return the members of households as registered, as far as rules look at them."""
    residents: dict[UUID, list[Resident]] = defaultdict(list)
    if ids:
        query = select(PEOPLE.c.household_id, PEOPLE.c.id, PEOPLE.c.sex, PEOPLE.c.birth_date)
        query = query.where(among(PEOPLE.c.household_id, ids)).order_by(PEOPLE.c.household_id, PEOPLE.c.position)
        for row in await session.execute(query):
            residents[row.household_id].append(Resident(UUID(str(row.id)), row.sex, row.birth_date))
    return residents


def _setting(area_code: str | None, findings: Findings, places: CommunesByDay) -> Setting:
    if area_code is None:
        raise FindingsRefused("household_id", "household_unknown")
    area = places.on(area_code, findings.assessed_on)
    if area is None:
        raise FindingsRefused("assessed_on", "not_a_commune_then")
    if area.setting is None:
        raise FindingsRefused("standard", "setting_undecided")
    return area.setting


def _row(assessment: Assessment) -> dict[str, object]:
    findings, proposal, form = assessment.findings, assessment.evaluation.proposal, assessment.evaluation.form
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
        "facts": findings.facts and findings.facts.model_dump(mode="json"),
        "computed": [each.model_dump(mode="json") for each in assessment.evaluation.computed],
        "form_version": form and form.version,
        "form_answers": findings.route.answers if isinstance(findings.route, FormRoute) else None,
        "sample_form": form is not None and form.sample,
    }
