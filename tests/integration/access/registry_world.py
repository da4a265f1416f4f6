"""A registry with a household of one commune, all that hangs on it, and every operation on that."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from services.registry.app import definition
from services.registry.domain.form_b1 import forms_b1
from services.registry.duplicate_scan import compare_new_people
from services.registry.tables import (
    HOUSEHOLD_IMPORTS,
    HOUSEHOLD_REFERENCES,
    REORGANISATION_WORKLIST,
    REORGANISATIONS,
    SIMULATED_CHANGES,
)
from shared import clock
from shared.service import build_app
from shared.settings import EventLogSettings, ServiceSettings
from tests.integration.access.kit_rows import (
    desk_operations,
    holds,
    kit_operations,
    proposal_operations,
    seed_kit,
    system_operations,
    tells_of,
)
from tests.integration.access.matrix import (
    ACTOR,
    AREAS,
    COMMUNE,
    OTHER,
    VILLAGE,
    Call,
    Operation,
    Operations,
    World,
)
from tests.integration.access.registry_rounds import reviewed, round_operations
from tests.integration.registry.conftest import SAMPLE_AREAS, Registry, decision_on, member, poor
from tests.integration.registry.test_households import ACCOUNT
from tests.support.access import grant
from tests.support.household_lists import households, written
from tests.support.tokens import bearer

_OTHER_ACCOUNT = {"account": ACCOUNT | {"number": "3120205199999"}}
_AUTHORISED = {
    "full_name": "Hà Thị Mận",
    "document": "power_of_attorney",
    "document_number": "12/GUQ",
    "document_date": "2026-01-05",
    "valid_from": "2026-01-05",
    "valid_to": clock.today().isoformat(),
}
_KINDS = {
    "people.read": "accounts.approve",
    "grants.read": "grants.approve",
    "households.read": "households.confirm",
    "reorganisations.read": "areas.approve",
    "duplicates.read": "households.confirm",
    "forms.read": "forms.approve",
}
_FACTS = {"kind": "facts", "effective_on": clock.today().isoformat(), "home": {"latrine": "none"}}
_MORE = {"home": {"latrine": "septic"}}
_REORGANISATION = {
    "title": "Sắp xếp đơn vị hành chính cấp xã",
    "legal_basis": "1676/NQ-UBTVQH15",
    "effective_on": "2025-07-01",
    "successions": [{"old_code": COMMUNE, "new_code": COMMUNE}],
}
_NOTE = {"note": "Ghi nhầm hộ khi nhập liệu"}
_CSV = {"Content-Type": "text/csv"}
_LIST = written(households(range(2)))
_OFFICIAL_FORM = forms_b1().forms[0].model_dump(mode="json") | {
    "version": "tt07-2021",
    "sample": False,
    "name": {"vi": "Phiếu B1", "en": "Form B1"},
}
_YEAR = "standard=vn-2022-2025&first=2026-01-01&last=2026-12-31"
_GRANT = {"subject": "someone", "role": "auditor", "area_code": COMMUNE}


async def registry_world(url: str) -> World:
    """Return a registry whose records are the actor's or another's."""
    settings = ServiceSettings(service="registry", database_url=url, event_log=EventLogSettings(eventlog_url=url))
    app = build_app(definition(), settings)
    registry = Registry(app)
    registry.client.headers.update(bearer(OTHER))
    await grant(registry.database, ACTOR, OTHER)
    await registry.client.post("/areas/imports", content=SAMPLE_AREAS.read_bytes(), headers=_CSV)
    await registry.post("/areas", [VILLAGE.model_dump(mode="json")], status=200)
    household, decided, third = [await registry.register(member(account=ACCOUNT)) for _ in range(3)]
    await _paid_to_another(registry)
    assessment = await registry.assess(household["id"])
    taken = await registry.decide([(await registry.assess(decided["id"]))["id"]])
    changes = {True: await _changed(registry, decided, ACTOR), False: await _changed(registry, household, OTHER)}
    proposed = {True: await _granted(registry, ACTOR), False: await _granted(registry, OTHER)}
    made = await _granted(registry, OTHER)
    approval = {"content_hash": made["content_hash"]}
    await _send(registry, f"/proposals/{made['id']}/approval", approval, ACTOR)
    changes_of_households = await _told(registry) | await _reorganised(registry, third)
    imports = {own: await _imported(registry, subject) for own, subject in ((True, ACTOR), (False, OTHER))}
    reference = {"source": "another-list", "reference": "HN-1", "household_id": household["id"]}
    async with registry.database.transaction() as session:
        await session.execute(insert(HOUSEHOLD_REFERENCES).values(reference))
        await session.execute(update(HOUSEHOLD_IMPORTS).values(trial=True, handled=HOUSEHOLD_IMPORTS.c.rows))
    await _simulated(registry, household["id"])
    duplicates = await _duplicates(registry)
    round_ = await reviewed(registry)
    forms = await _forms(registry)
    kit = kit_operations(await seed_kit(registry.database), seen=tells_of(household["id"]), jobs=True)
    await registry.client.aclose()
    operations: Operations = (
        system_operations("registry")
        | desk_operations("registry", app)
        | _areas()
        | _households(household, assessment, third)
        | _imports(imports, household["id"])
        | changes_of_households
        | duplicates
        | _decisions(taken, assessment)
        | round_operations(round_)
        | _grants(made["subject"])
        | proposal_operations("account-change", _seen(changes), "people.read", "accounts.approve", _KINDS)
        | proposal_operations("official-form", _seen(forms), "forms.read", "forms.approve", _KINDS, no_area=True)
        | proposal_operations("grant", _seen(proposed), "grants.read", "grants.approve", _KINDS)
        | kit
    )
    return World(app, "registry", operations)


async def _send(registry: Registry, path: str, body: Any, actor: str) -> Any:
    registry.client.headers.update(bearer(actor))
    try:
        return await registry.post(path, body)
    finally:
        registry.client.headers.update(bearer(OTHER))


async def _changed(registry: Registry, household: Any, actor: str) -> Any:
    return await _send(registry, f"/people/{household['members'][0]['id']}/account-changes", _OTHER_ACCOUNT, actor)


async def _paid_to_another(registry: Registry) -> None:
    """Let somebody's money go to a person who is authorised until today."""
    await registry.register(member(account=ACCOUNT | {"authorised": _AUTHORISED}))
    (waiting,) = (await registry.get("/proposals", kind="account-change", state="open"))["items"]
    approval = {"content_hash": waiting["content_hash"]}
    await _send(registry, f"/proposals/{waiting['id']}/approval", approval, ACTOR)


async def _forms(registry: Registry) -> dict[bool, Any]:
    return {
        own: await _send(
            registry, "/standards/vn-2022-2025/forms", _OFFICIAL_FORM | {"version": f"waits-{own}".lower()}, actor
        )
        for own, actor in ((True, ACTOR), (False, OTHER))
    }


async def _granted(registry: Registry, actor: str) -> Any:
    return await _send(registry, "/grants", _GRANT, actor)


async def _told(registry: Registry) -> dict[str, Operation]:
    """Return the operations on changes of households: some told and open, one confirmed, some proposed."""
    told, confirmed, *absorbed = [await registry.register() for _ in range(4)]
    change = (await registry.change(told["id"], _FACTS))["change_id"]
    settled = (await registry.change(confirmed["id"], _FACTS))["change_id"]
    await _send(registry, f"/household-changes/{settled}/confirmation", None, ACTOR)
    mergers, undoings = {}, {}
    for own, actor in ((True, ACTOR), (False, OTHER)):
        staying = await registry.register()
        mergers[own] = await _send(registry, f"/households/{staying['id']}/mergers", _merger(absorbed[own]), actor)
        undone = (await registry.change((await registry.register())["id"], _FACTS))["change_id"]
        await _send(registry, f"/household-changes/{undone}/confirmation", None, ACTOR)
        undoings[own] = await _send(registry, f"/household-changes/{undone}/undo-proposals", _NOTE, actor)
    path, at = f"/households/{told['id']}", f"/household-changes/{change}"
    both = ("households.read", "households.confirm", _KINDS)
    return {
        "change_household": Operation(
            "households.change", lambda _: Call("POST", f"{path}/changes", _FACTS | _MORE, {"If-Match": "*"}), 201
        ),
        "try_change_of_household": Operation(
            "households.change", lambda _: Call("POST", f"{path}/changes/trial", _FACTS | _MORE, {"If-Match": "*"})
        ),
        "get_household_change": Operation("households.read", lambda _: Call("GET", at)),
        "try_merger": Operation(
            "households.change", lambda _: Call("POST", f"{path}/mergers/trial", _merger(confirmed))
        ),
        "propose_merger": Operation(
            "households.change", lambda _: Call("POST", f"{path}/mergers", _merger(confirmed)), 201
        ),
        "list_changes_of_household": Operation("households.read", lambda _: Call("GET", f"{path}/changes")),
        "list_household_changes": Operation(
            "households.read", lambda _: Call("GET", "/household-changes"), foreign="empty", seen=holds(change)
        ),
        "confirm_household_change": Operation("households.confirm", lambda _: Call("POST", f"{at}/confirmation"), 201),
        "undo_household_change": Operation("households.change", lambda _: Call("POST", f"{at}/undo", _NOTE), 201),
        "propose_undo": Operation(
            "households.change",
            lambda _: Call("POST", f"/household-changes/{settled}/undo-proposals", _NOTE),
            201,
        ),
        **proposal_operations("household-merge", _seen(mergers), *both),
        **proposal_operations("household-undo", _seen(undoings), *both),
    }


def _merger(absorbed: Any) -> dict[str, Any]:
    return {
        "effective_on": clock.today().isoformat(),
        "absorbed_id": absorbed["id"],
        "relationships": [{"person_id": absorbed["members"][0]["id"], "relationship": "parent"}],
        "note": "Hai sổ của cùng một hộ",
    }


async def _reorganised(registry: Registry, household: Any) -> dict[str, Operation]:
    """Return the operations on reorganisations: planned, proposed, applied with a household that waits."""
    planned = await _planned(registry)
    proposed, confirmed = {}, {}
    for own, actor in ((True, ACTOR), (False, OTHER)):
        proposed[own] = await _send(registry, f"/reorganisations/{await _planned(registry)}/application", None, actor)
        done = await _applied(registry)
        confirmed[own] = await _send(registry, f"/reorganisations/{done}/confirmation", None, actor)
    done, at = await _applied(registry), f"/reorganisations/{planned}"
    waiting = {
        "reorganisation_id": await _applied(registry),
        "household_id": household["id"],
        "old_code": COMMUNE,
        "waiting_code": COMMUNE,
        "candidates": [COMMUNE],
    }
    async with registry.database.transaction() as session:
        await session.execute(insert(REORGANISATION_WORKLIST).values(waiting))
    listed = f"/reorganisations/{waiting['reorganisation_id']}"
    placing = {"household_ids": [household["id"]], "area_code": COMMUNE}

    def post(path: str, permission: str, body: Any = None, success: int = 201, foreign: str = "404") -> Operation:
        return Operation(permission, lambda _: Call("POST", path, body), success, foreign)

    def get(path: str, permission: str = "reference.read") -> Operation:
        return Operation(permission, lambda _: Call("GET", path))

    both = ("reorganisations.read", "areas.approve", _KINDS)
    return {
        "plan_reorganisation": post("/reorganisations", "areas.administer", _REORGANISATION),
        "propose_reorganisation": post(f"{at}/application", "areas.administer"),
        "propose_confirmation": post(f"/reorganisations/{done}/confirmation", "areas.administer"),
        "undo_reorganisation": post(f"/reorganisations/{done}/undo", "areas.administer", _NOTE, 202),
        # Of a household elsewhere it is not known that it waits.
        "place_households": post(f"{listed}/placements", "households.change", placing, 201, "422"),
        "list_reorganisations": get("/reorganisations"),
        "get_reorganisation": get(at),
        "list_reorganisation_successions": get(f"{at}/successions"),
        "get_reorganisation_plan": get(f"{at}/plan", "reorganisations.read"),
        "list_reorganisation_jobs": get(f"{at}/jobs", "reorganisations.read"),
        "list_villages_to_place": Operation(
            "households.read", lambda _: Call("GET", f"{listed}/villages"), foreign="empty", seen=bool
        ),
        "list_households_to_place": Operation(
            "households.read",
            lambda _: Call("GET", f"{listed}/worklist"),
            foreign="empty",
            seen=lambda body: bool(body["items"]),
        ),
        **proposal_operations("reorganisation", _seen(proposed), *both, no_area=True),
        **proposal_operations("reorganisation-confirmation", _seen(confirmed), *both, no_area=True),
    }


async def _planned(registry: Registry) -> str:
    return str((await registry.post("/reorganisations", _REORGANISATION))["id"])


async def _applied(registry: Registry) -> str:
    planned = await _planned(registry)
    async with registry.database.transaction() as session:
        done = update(REORGANISATIONS).where(REORGANISATIONS.c.id == UUID(planned))
        await session.execute(done.values(state="applied", applied_at=clock.now()))
    return planned


async def _imported(registry: Registry, actor: str) -> str:
    headers = _CSV | bearer(actor)
    answer = await registry.client.post("/household-imports", content=_LIST, headers=headers)
    return str(answer.raise_for_status().json()["id"])


def _seen(proposals: dict[bool, Any]) -> dict[bool, tuple[str, str]]:
    return {own: (proposal["id"], proposal["content_hash"]) for own, proposal in proposals.items()}


async def _simulated(registry: Registry, household_id: str) -> None:
    row = {
        "simulation_id": "018f3c2a-0000-7000-8000-000000000000",
        "household_id": household_id,
        "area_code": COMMUNE,
        "people": 1,
        "class_before": "poor",
        "class_after": "near_poor",
    }
    async with registry.database.transaction() as session:
        await (await session.connection()).execute(insert(SIMULATED_CHANGES), [row])


def _areas() -> dict[str, Operation]:
    area = AREAS[0].model_dump(mode="json")
    totals = {"code": COMMUNE, "year": 2025, "valid_from": "2025-07-01", "households": 2150, "people": 9030}
    totals |= {"source": "Niên giám"}
    return {
        "state_areas": Operation("areas.administer", lambda _: Call("POST", "/areas", [area])),
        "import_areas": Operation(
            "areas.administer",
            lambda _: Call("POST", "/areas/imports", headers=_CSV, content=SAMPLE_AREAS.read_bytes()),
        ),
        "state_area_zones": Operation(
            "areas.administer",
            lambda _: Call(
                "POST",
                "/area-zones",
                [{"code": COMMUNE, "valid_from": "2025-07-01", "zone": "III", "legal_basis": "861/QĐ-TTg"}],
            ),
        ),
        "list_area_zones": Operation("reference.read", lambda _: Call("GET", "/area-zones")),
        "state_area_totals": Operation("areas.administer", lambda _: Call("POST", "/area-totals", [totals])),
        "list_area_successions": Operation("reference.read", lambda _: Call("GET", "/area-successions")),
        "list_areas": Operation("reference.read", lambda _: Call("GET", "/areas")),
        "get_area": Operation("reference.read", lambda _: Call("GET", f"/areas/{COMMUNE}")),
        "list_area_totals": Operation("reference.read", lambda _: Call("GET", "/area-totals")),
        "list_standards": Operation("reference.read", lambda _: Call("GET", "/standards")),
        "get_standard": Operation("reference.read", lambda _: Call("GET", "/standards/vn-2022-2025")),
        "list_ethnic_groups": Operation("reference.read", lambda _: Call("GET", "/ethnic-groups")),
        "list_banks": Operation("reference.read", lambda _: Call("GET", "/banks")),
        "list_priority_groups": Operation("reference.read", lambda _: Call("GET", "/priority-groups")),
        "list_forms": Operation("reference.read", lambda _: Call("GET", "/standards/vn-2022-2025/forms")),
        "propose_official_form": Operation(
            "forms.load", lambda _: Call("POST", "/standards/vn-2022-2025/forms", _OFFICIAL_FORM), 201
        ),
        "simulate_standard": Operation(
            "standards.simulate",
            lambda _: Call("POST", "/simulations", {"base": "vn-2022-2025", "target": "vn-2026-2030"}),
            202,
            "done",  # of the actor's own areas
        ),
        "list_simulated_changes": Operation(
            "standards.simulate",
            lambda _: Call("GET", "/simulations?simulation_id=018f3c2a-0000-7000-8000-000000000000"),
            foreign="empty",
            seen=lambda page: bool(page["items"]),
        ),
    }


def _households(household: Any, assessment: Any, third: Any) -> dict[str, Operation]:
    path = f"/households/{household['id']}"
    person, other = (f"/people/{each['members'][0]['id']}" for each in (household, third))
    new = {"area_code": COMMUNE, "members": [member()]}
    found = {"household_id": household["id"]} | poor()
    return {
        "register_household": Operation(
            "households.register", lambda _: Call("POST", "/households", new), 201, "area_not_granted"
        ),
        "register_households": Operation(
            "households.register",
            lambda _: Call("POST", "/households/batches", {"households": [new]}),
            201,
            "area_not_granted",
        ),
        "list_households": Operation(
            "households.read", lambda _: Call("GET", "/households"), foreign="empty", seen=holds(household["id"])
        ),
        "count_households": Operation(
            "households.read",
            lambda _: Call("GET", "/household-counts"),
            foreign="empty",
            seen=lambda body: bool(body["areas"]),
        ),
        "get_household": Operation("households.read", lambda _: Call("GET", path)),
        "get_household_history": Operation("households.read", lambda _: Call("GET", f"{path}/history")),
        "find_people": Operation(
            "people.read",
            lambda _: Call("GET", "/people?name=ha"),
            foreign="empty",
            seen=lambda page: household["id"] in {each["household_id"] for each in page["items"]},
        ),
        "list_household_movements": Operation("households.read", lambda _: Call("GET", f"{path}/movements")),
        "export_people": Operation("people.read", lambda _: Call("GET", "/people.csv"), foreign="done"),
        "export_households": Operation("households.read", lambda _: Call("GET", "/households.csv"), foreign="done"),
        "get_person": Operation("people.read", lambda _: Call("GET", person)),
        "get_person_numbers": Operation(
            "numbers.read", lambda _: Call("GET", f"{person}/numbers?purpose=Doi+chieu+ngan+hang")
        ),
        "change_person": Operation(
            "people.change", lambda _: Call("PATCH", person, {"phone": None}, {"If-Match": "*"})
        ),
        "propose_account_change": Operation(
            "accounts.prepare", lambda _: Call("POST", f"{other}/account-changes", _OTHER_ACCOUNT), 201
        ),
        "list_person_accounts": Operation("people.read", lambda _: Call("GET", f"{person}/accounts")),
        "list_ending_authorisations": Operation(
            "people.read",
            lambda _: Call("GET", "/ending-authorisations"),
            foreign="empty",
            seen=lambda page: bool(page["items"]),
        ),
        "assess_household": Operation("assessments.record", lambda _: Call("POST", f"{path}/assessments", poor()), 201),
        "try_assessment": Operation("assessments.record", lambda _: Call("POST", f"{path}/assessments/trial", poor())),
        "list_assessments": Operation("households.read", lambda _: Call("GET", f"{path}/assessments")),
        # A household elsewhere is unknown in a batch, as one that is not there.
        "assess_households": Operation(
            "assessments.record", lambda _: Call("POST", "/assessments/batches", {"assessments": [found]}), 201, "422"
        ),
    }


def _imports(ids: dict[bool, str], household_id: str) -> dict[str, Operation]:
    def at(path: str) -> Operation:
        return Operation("imports.read", lambda own: Call("GET", f"/household-imports/{ids[own]}{path}"), owned=True)

    return {
        # Where each household of a list may be registered is found out by the job.
        "import_households": Operation(
            "households.register",
            lambda _: Call("POST", "/household-imports", headers=_CSV, content=_LIST),
            202,
            "done",
        ),
        "list_household_references": Operation(
            "households.read",
            lambda _: Call("GET", "/household-references?source=another-list"),
            foreign="empty",
            seen=lambda body: household_id in {each["household_id"] for each in body["items"]},
        ),
        "get_household_import": at(""),
        "list_household_import_errors": at("/errors"),
        "get_household_import_errors_csv": at("/errors.csv"),
        "get_household_import_errors_xlsx": at("/errors.xlsx"),
        "register_household_import": Operation(
            "imports.register",
            lambda own: Call("POST", f"/household-imports/{ids[own]}/registration"),
            202,
            owned=True,
        ),
    }


async def _duplicates(registry: Registry) -> dict[str, Operation]:
    await compare_new_people(registry.database)
    pair, *others = (await registry.get("/duplicates"))["items"]
    path = f"/duplicates/{pair['id']}"
    same = {"effective_on": clock.today().isoformat(), "kept_id": pair["first"]["id"]} | _NOTE
    merges = {
        own: await _send(registry, f"/duplicates/{each['id']}/mergers", same | {"kept_id": each["first"]["id"]}, actor)
        for own, actor, each in ((True, ACTOR, others[0]), (False, OTHER, others[1]))
    }
    return proposal_operations("people-merge", _seen(merges), "duplicates.read", "households.confirm", _KINDS) | {
        "propose_same_person": Operation("households.change", lambda _: Call("POST", f"{path}/mergers", same), 201),
        "list_duplicates": Operation(
            "duplicates.read", lambda _: Call("GET", "/duplicates"), foreign="empty", seen=holds(pair["id"])
        ),
        "get_duplicate": Operation("duplicates.read", lambda _: Call("GET", path)),
        "export_duplicates": Operation("duplicates.read", lambda _: Call("GET", "/duplicates.csv"), foreign="done"),
        "tell_apart": Operation(
            "duplicates.distinguish", lambda _: Call("POST", f"{path}/distinction", {"note": "Hai chị em"}), 201
        ),
        "scan_for_duplicates": Operation("duplicates.scan", lambda _: Call("POST", "/duplicate-scans"), 202),
    }


def _decisions(taken: Any, assessment: Any) -> dict[str, Operation]:
    return {
        "decide": Operation(
            "decisions.decide",
            lambda _: Call("POST", "/decisions", decision_on([assessment["id"]])),
            201,
            "area_not_granted",
        ),
        "decide_together": Operation(
            "decisions.decide",
            lambda _: Call("POST", "/decisions/batches", {"decisions": [decision_on([assessment["id"]])]}),
            201,
            "area_not_granted",
        ),
        "get_movement_report": Operation(
            "decisions.read",
            lambda _: Call("GET", f"/movement-report?area_code={COMMUNE}&{_YEAR}"),
            foreign="area_not_granted",
        ),
        "export_movements": Operation(
            "decisions.read",
            lambda _: Call("GET", f"/movements.csv?area_code={COMMUNE}&{_YEAR}"),
            foreign="area_not_granted",
        ),
        "get_decision": Operation("decisions.read", lambda _: Call("GET", f"/decisions/{taken['id']}")),
    }


def _grants(grant_id: str) -> dict[str, Operation]:
    reason = {"reason": "Đã chuyển công tác"}
    return {
        "propose_grant": Operation(
            "grants.prepare", lambda _: Call("POST", "/grants", _GRANT), 201, "area_not_granted"
        ),
        "list_grants": Operation(
            "grants.read", lambda _: Call("GET", "/grants"), foreign="empty", seen=holds(grant_id)
        ),
        "get_grant": Operation("grants.read", lambda _: Call("GET", f"/grants/{grant_id}")),
        "revoke_grant": Operation(
            "grants.revoke", lambda _: Call("POST", f"/grants/{grant_id}/revocation", reason), 201
        ),
    }
