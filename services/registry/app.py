"""The registry as an app."""

from fastapi import FastAPI
from sqlalchemy import select

from services.registry.api import ROUTERS
from services.registry.api.accounts import ACCOUNT_CHANGE
from services.registry.api.duplicates import DUPLICATE_SCAN, PEOPLE_MERGE
from services.registry.api.grants import GRANT
from services.registry.api.household_changes import HOUSEHOLD_MERGE, HOUSEHOLD_UNDO
from services.registry.api.household_imports import HOUSEHOLD_IMPORT, LARGEST_LIST
from services.registry.api.reorganisations import CONFIRMATION, REORGANISATION
from services.registry.api.standards import OFFICIAL_FORM
from services.registry.consumers import ACCOUNTS_CHECKED
from services.registry.duplicate_scan import compare_new_people, scan_for_duplicates
from services.registry.following import follow_areas_step
from services.registry.jobs import import_households
from services.registry.pages import desk_router
from services.registry.reorganisation_jobs import REORGANISATION_UNDO, apply_reorganisation, undo_reorganisation
from services.registry.store.reorganisations import REORGANISATION_JOB
from services.registry.store.simulations import SIMULATION, simulate
from services.registry.tables import HOUSEHOLDS
from shared.http import FieldProblem, Problem
from shared.service import ServiceDefinition, build_app
from shared.settings import ServiceSettings
from shared.workers import Worker

_A_LOOK_AT_THE_DATE = 600.0  # seconds
_A_LOOK_AT_NEW_PEOPLE = 2.0  # seconds


def _taken(code: str, pointer: str) -> Problem:
    """Return the problem of a value that another record has already."""
    return Problem(409, code, errors=[FieldProblem(pointer, "value_taken")], count=1)


def definition() -> ServiceDefinition:
    """Return what the registry is made of."""
    # Who comes second in a race that the rules could not see is told the same as who comes later.
    decided = FieldProblem("/body/assessment_ids", "assessment_decided")
    return ServiceDefinition(
        name="registry",
        title="Ansinh: beneficiary registry / Sổ đối tượng an sinh",
        routers=ROUTERS,
        consumers=[ACCOUNTS_CHECKED],
        pages=[desk_router()],
        homes=select(HOUSEHOLDS.c.id.label("household_id"), HOUSEHOLDS.c.area_code),
        operations=(
            ACCOUNT_CHANGE,
            GRANT,
            HOUSEHOLD_MERGE,
            HOUSEHOLD_UNDO,
            REORGANISATION,
            CONFIRMATION,
            PEOPLE_MERGE,
            OFFICIAL_FORM,
        ),
        workers=[
            Worker("registry.grants", follow_areas_step, _A_LOOK_AT_THE_DATE),
            Worker("registry.duplicates", compare_new_people, _A_LOOK_AT_NEW_PEOPLE),
        ],
        jobs={
            HOUSEHOLD_IMPORT: import_households,
            DUPLICATE_SCAN: scan_for_duplicates,
            SIMULATION: simulate,
            REORGANISATION_JOB: apply_reorganisation,
            REORGANISATION_UNDO: undo_reorganisation,
        },
        body_limits={"/registry/v1/household-imports": LARGEST_LIST},
        constraints={
            "uq_people_personal_number_index": Problem(409, "person_registered"),
            "uq_decisions_number": _taken("decision_number_taken", "/body/number"),
            "uq_class_history_assessment_id": Problem(409, "decision_conflict", errors=[decided], count=1),
            "uq_review_rounds_period": _taken("round_open", "/body/period"),
            "uq_review_applications_period": _taken("applied_already", "/body/household_id"),
            "uq_certificates_number": _taken("certificate_number_taken", "/body/first_number"),
            "uq_household_changes_undoes": Problem(409, "change_settled"),
            "pk_class_history": Problem(409, "decision_conflict", errors=[decided], count=1),
        },
    )


def build(settings: ServiceSettings) -> FastAPI:
    """Return the registry's app."""
    return build_app(definition(), settings)
