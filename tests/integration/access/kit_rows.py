"""The rows of what every service has: health, journal, dead letters, jobs, proposals."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from fastapi import FastAPI
from sqlalchemy import insert, text

from deploy.access_page import Declared, declared
from shared.db import Database
from shared.ids import new_id
from shared.jobs.tables import jobs
from shared.messaging.tables import dead_letters
from tests.integration.access.matrix import ACTOR, OTHER, PURPOSE, Call, Operation


def tells_of(household_id: str) -> Callable[[Any], bool]:
    """Return whether a journal tells of a household."""
    return lambda body: household_id in {change["subject"] for change in body["changes"]}


def holds(record_id: str) -> Callable[[Any], bool]:
    """Return whether a list holds a record."""
    return lambda body: record_id in {each["id"] for each in body["items"]}


async def seed_kit(database: Database) -> dict[bool, str]:
    """Add a dead letter and ended jobs, send all events; return the ids of the actor's own job and of another's."""
    job_ids = {True: new_id(), False: new_id()}
    letter = {"consumer": "gone", "key": "k", "event_id": new_id(), "topic": "t", "type": "t", "source": "/s"}
    rest = {"time": date(2026, 1, 1), "data": b"{}", "state": "failed"}
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.execute(insert(dead_letters), [letter | rest])
        rows = [
            {
                "id": key,
                "kind": "none",
                "arguments": {},
                "state": "done",
                "result": {},
                "created_by": ACTOR if own else OTHER,
            }
            for own, key in job_ids.items()
        ]
        await connection.execute(insert(jobs), rows)
        await connection.execute(text("UPDATE outbox SET position = seq"))
    return {own: str(key) for own, key in job_ids.items()}


def system_operations(service: str) -> dict[str, Operation]:
    """Return the operations beside the API that every service has."""

    def at(path: str, success: int = 200, method: str = "GET") -> Operation:
        return Operation("system.read", lambda _: Call(method, f"/{service}/{path}", whole=True), success)

    return {
        "healthz": at("healthz"),
        "readyz": at("readyz", 503),  # nothing of the service runs but its API
        "figures": at("metrics"),
        "openapi": at("openapi.json"),
        "docs": at("docs"),
        "problem_kind": at("problems/permission_missing"),
        # No issuer is set up here; signing in itself is tried in tests/integration/http/test_sign_in.py.
        "sign_in": at("sign-in", 503),
        "callback": at("sign-in/callback", 400),
        "show_account": at("account", 303),
        "sign_out": at("sign-out", 503, "POST"),
    }


def desk_operations(service: str, app: FastAPI) -> dict[str, Operation]:
    """Return the pages of a service's desk: whoever is not signed in by browser is led to where one signs in."""

    def at(page: Declared) -> Operation:
        path = re.sub(r"{\w+}", str(new_id()), page.path)
        return Operation(
            "system.read", lambda _: Call(page.method, path, whole=True), 404 if page.name == "desk_file" else 303
        )

    pages = (each for each in declared(app.routes) if each.path.startswith(f"/{service}/desk"))
    return {page.name: at(page) for page in pages}


def kit_operations(
    job_ids: Mapping[bool, str], *, seen: Callable[[Any], bool] | None, jobs: bool
) -> dict[str, Operation]:
    """Return the operations that every service has; `seen` tells whether the journal holds the record.

    With `jobs` also those of long work, for a service that has any.
    """
    letter = "/dead-letters/1"
    reason = {"reason": "Sự kiện gửi hai lần"}
    operations = {
        "list_changes": Operation(
            "changes.read", lambda _: Call("GET", "/changes?limit=1000"), seen=seen, foreign="empty" if seen else "done"
        ),
        "get_asyncapi": Operation("reference.read", lambda _: Call("GET", "/asyncapi")),
        "get_own_access": Operation("access.read", lambda _: Call("GET", "/access")),
        "list_dead_letters": Operation("dead_letters.read", lambda _: Call("GET", "/dead-letters")),
        "get_dead_letter": Operation("dead_letters.read", lambda _: Call("GET", letter)),
        # The consumer of the letter is gone, so whoever may replay is told 404.
        "replay_dead_letter": Operation(
            "dead_letters.administer", lambda _: Call("POST", f"{letter}/replay"), success=404
        ),
        "discard_dead_letter": Operation(
            "dead_letters.administer", lambda _: Call("POST", f"{letter}/discard", reason), success=204
        ),
    }
    if not jobs:
        return operations
    return operations | {
        "read_job": Operation("jobs.read", lambda own: Call("GET", f"/jobs/{job_ids[own]}"), owned=True),
        "follow_job": Operation("jobs.read", lambda own: Call("GET", f"/jobs/{job_ids[own]}/events"), owned=True),
    }


def proposal_operations(
    kind: str,
    ids: Mapping[bool, tuple[str, str]],
    reading: str,
    approving: str,
    kinds: Mapping[str, str],
    *,
    success: int = 201,
    no_area: bool = False,
) -> dict[str, Operation]:
    """Return the operations on proposals of a kind; `ids` are (id, hash) of one's own and another's.

    `kinds` are all kinds' permissions, approving by reading. Where it is approved elsewhere, `success` is 409.
    """
    either = [*kinds, *kinds.values()]
    note = {"note": "Không đúng hồ sơ"}

    def listed(body: Any) -> bool:
        return ids[False][0] in {each["id"] for each in body["items"]}

    def seen(own: bool) -> dict[str, str]:
        return {"content_hash": ids[own][1]}

    return {
        f"list_proposals ({kind})": Operation(
            reading,
            lambda _: Call("GET", f"/proposals?kind={kind}&limit=500"),
            seen=listed,
            foreign="empty",
            kinds=list(kinds),
            no_area=no_area,
        ),
        f"get_proposal ({kind})": Operation(
            reading,
            lambda own: Call("GET", f"/proposals/{ids[own][0]}"),
            kinds=list(kinds),
            owned=True,
            no_area=no_area,
        ),
        f"get_whole_proposal ({kind})": Operation(
            approving,
            lambda own: Call("GET", f"/proposals/{ids[own][0]}/whole{PURPOSE}"),
            kinds=either,
            own="done",
            owned=True,
            no_area=no_area,
        ),
        f"approve_proposal ({kind})": Operation(
            approving,
            lambda own: Call("POST", f"/proposals/{ids[own][0]}/approval", seen(own)),
            success=success,
            kinds=either,
            own="same_person" if success == 201 else None,
            owned=True,
            no_area=no_area,
        ),
        f"refuse_proposal ({kind})": Operation(
            approving,
            lambda own: Call("POST", f"/proposals/{ids[own][0]}/refusal", note),
            success=success,
            kinds=either,
            own="done",
            owned=True,
            no_area=no_area,
        ),
    }
