"""Every operation of every service is a change (which leaves a row by itself), shows personal data, or shows none."""

from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from deploy.apps import SETTINGS, build
from shared.http.audit import SAFE_METHODS, is_audited, plain_parameters, shows_personal_data
from shared.jobs import job_router
from shared.settings import SERVICES, EventLogSettings, ServiceName
from tests.support.keys import FOLDER

_URL = "postgresql://nobody@127.0.0.1:1/none"

# Operations that read and show nothing of any person: health, documentation, rules, areas, sums, the books of funds,
# and letters and jobs without the data that they are about. A new operation asks for `Reads`, or is written here.
FREE = frozenset(
    {
        "healthz", "readyz", "figures", "openapi", "docs", "problem_kind", "get_asyncapi",
        "list_areas", "get_area", "list_area_successions", "list_area_totals", "list_area_zones",
        "list_standards", "get_standard",
        "list_forms", "list_ethnic_groups", "list_priority_groups", "get_household_import", "get_movement_report",
        "list_reorganisations", "get_reorganisation", "list_reorganisation_successions", "get_reorganisation_plan",
        "list_reorganisation_jobs",
        "list_rounds", "get_round",
        "get_own_access", "list_grants", "get_grant", "list_dead_letters", "get_dead_letter", "read_job", "follow_job",
        "list_programmes", "get_programme", "list_banks",
        "list_bank_messages", "get_bank_message", "list_order_recalls",
        "list_runs", "get_run", "list_run_files", "list_payer_accounts", "get_bank",
        "read_trial_balance", "run_ledger_checks", "summarise_messages", "read_money", "list_channels",
        "read_calendar", "list_funds", "list_contributions", "list_unexplained", "list_bank_recoveries", "get_month",
        "list_forgotten_payments", "read_public_report", "count_account_verdicts",
        "get_poverty", "get_poverty_csv", "get_poverty_series", "get_poverty_series_csv", "list_poverty_of_areas",
        "list_poverty_of_areas_csv", "get_poverty_on_map", "get_payments", "get_payments_csv",
    }
)  # fmt: skip


def _routes(service: ServiceName) -> list[APIRoute]:
    own = {"sms_url": "http://127.0.0.1:1"} if service == "notifications" else {}
    log = EventLogSettings(eventlog_url=_URL)
    settings = SETTINGS[service].model_validate(
        {"service": service, "database_url": _URL, "event_log": log, "keys": FOLDER, **own}
    )
    routers = [*build(settings).state.routers, job_router(service)]
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


ROUTES = [pytest.param(route, id=f"{name}-{route.name}") for name in SERVICES for route in _routes(name)]


@pytest.mark.parametrize("route", ROUTES)
def test_an_operation_changes_or_shows_personal_data_or_shows_none(route: APIRoute) -> None:
    changes = not SAFE_METHODS.issuperset(route.methods or ())
    if changes or route.name not in FREE:
        assert is_audited(route)
    if not changes:
        assert shows_personal_data(route) != (route.name in FREE)


def test_the_list_of_free_operations_names_no_others() -> None:
    assert {route.values[0].name for route in ROUTES} >= FREE  # type: ignore[union-attr]


def test_a_filter_by_text_that_may_name_somebody_is_digested() -> None:
    shown = {route.name: plain_parameters(route) for route in _routes("registry")}
    assert {"area_code", "standard", "household_class", "limit"} == shown["list_households"]  # the cursor is not


def test_the_tests_own_keys_stand_in_a_folder_of_their_owner() -> None:
    assert Path(FOLDER).stat().st_mode & 0o077 == 0
