"""Every operation of every service says which permission it takes."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from deploy.apps import SETTINGS, build
from shared.access import PERMISSIONS
from shared.http.access import Needs, OpenToAll
from shared.jobs import job_router
from shared.settings import SERVICES, EventLogSettings, ServiceName

_NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def _app(service: ServiceName) -> FastAPI:
    log = EventLogSettings(eventlog_url=_NOWHERE)
    settings = {"service": service, "database_url": _NOWHERE, "event_log": log}
    more = {"sms_url": "http://127.0.0.1:1"} if service == "notifications" else {}
    return build(SETTINGS[service].model_validate(settings | more))


def _permissions(dependant: Dependant) -> Iterator[str]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Needs | OpenToAll):
            yield inner.call.permission.name
        yield from _permissions(inner)


def _declared() -> Iterator[tuple[str, list[str]]]:
    routes = [route for service in SERVICES for route in _app(service).routes]
    for each in (*routes, *job_router("registry").routes):  # a service has those of jobs once it has a job
        for route in iter_route_contexts([each]):
            for method in sorted(route.methods or ()):
                yield f"{method} {route.path}", sorted(set(_permissions(route.dependant)))


DECLARED = dict(_declared())


@pytest.mark.parametrize("operation", DECLARED)
def test_an_operation_takes_exactly_one_permission(operation: str) -> None:
    assert len(DECLARED[operation]) == 1, f"give {operation} a dependency needs(…)"


def test_every_permission_of_the_table_is_taken_by_some_operation() -> None:
    elsewhere = {"grants.approve", "accounts.approve", "funds.approve"}  # those that kinds of proposals take
    assert {name for names in DECLARED.values() for name in names} == set(PERMISSIONS) - elsewhere
