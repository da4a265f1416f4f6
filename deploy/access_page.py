"""`docs/access.md`, from the table of permissions and the routes of the services. `python -m deploy.access_page`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from deploy.apps import SETTINGS, build
from shared.access.roles import GRANTABLE, PERMISSIONS, TWO_PEOPLE, Permission, Reach
from shared.http.access import Needs, NeedsBeforehand, OpenToAll
from shared.keys import make_keys
from shared.settings import SERVICES, AuditSettings, EventLogSettings, ServiceName
from shared.texts import text

FILE = Path(__file__).parents[1] / "docs" / "access.md"
_NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"

_BEGIN = """# Who may do what

Written from `shared/access/roles.py` and the routes of the services by `python -m deploy.access_page`; change the table
there. A test compares the answer of every operation with it: every role, every relation between the area of a grant and
the area of a record, own and others' records (`tests/integration/access`).

A token says who somebody is. What they may do is in the registry's **grants**: a role, for a person or machine, in an
area or everywhere, from day to day (Asia/Ho_Chi_Minh). One person proposes a grant (`POST /registry/v1/grants`) and
another approves it (`POST /registry/v1/proposals/{id}/approval`); nobody approves what they proposed, nor a grant to
themselves. Taking back takes one person. The first grants come from the platform's own machine: `ansinh grant`, which
answers only while no two people can grant.

Grants travel on `registry.access` to a table `access_grants` in each service's database, with the communes that their
areas cover: those below, and those that they have taken over by a reorganisation (`/registry/v1/reorganisations`). When
areas change they are stated again; a grant in an area that has ended is worth nothing. Where that table has nothing,
access is denied, so a new service lets nobody in until the events have arrived. `GET /<service>/v1/access` shows what
one may do there.

| answer | when |
| --- | --- |
| 401 | nobody knows who asks |
| 403 `permission_missing` | no role that has the permission; the answer names the roles and whom to ask |
| 403 `whole_platform_needed` | the role is there, but only for areas, and this belongs to none |
| 403 `scope_missing` | a machine's token lacks the scope of the permission's name |
| 403 `area_not_granted` | the request names an area (which is no secret) that is not granted |
| 404 | a record of another area, exactly as if it were not there; the attempt is logged |

Lists, counts and streams hold what lies in the granted areas and nothing else. A run of payments is seen, prepared and
approved only by who holds the permission in every commune that it pays.

## Roles

| role | |
| --- | --- |
"""
_TABLE = """
`public` needs no grant: everybody holds it.

## Permissions

`area`: in the area of the grant and the communes in it. `platform`: belongs to no area, so it takes a grant without
one. `own`: what one began oneself. `kind` (○): each kind of record takes the permission of the operation that it came
from. `self`: whoever is signed in, about themselves. `open`: everybody.

"""
_PAIRS = """
## Two people

No role holds both sides of a pair, and nobody decides on a proposal that they prepared, whatever their roles; it can be
withdrawn by who prepared it:

"""


_OPERATIONS = """
## Operations

What each takes. `{service}` is each of the services.

"""
_KINDS = """
## What waits for a second person

A proposal of each kind is read and decided on with these permissions, in the area that it belongs to:

"""


@dataclass(frozen=True)
class Declared:
    """An operation of an app: its name, method and path, and the permissions that it declares."""

    name: str
    method: str
    path: str
    permissions: tuple[str, ...]


def app_of(service: ServiceName) -> FastAPI:
    """Return a service's app to be looked at; it reaches nothing."""
    log = EventLogSettings(eventlog_url=_NOWHERE)
    more = {"sms_url": "http://127.0.0.1:1"} if service == "notifications" else {}
    with TemporaryDirectory() as folder:
        make_keys(Path(folder, "keys"))
        audit = AuditSettings(heads=Path(folder))
        settings = {"service": service, "database_url": _NOWHERE, "event_log": log, "audit": audit}
        return build(SETTINGS[service].model_validate(settings | more | {"keys": Path(folder, "keys")}))


def declared(routes: Sequence[BaseRoute]) -> Iterator[Declared]:
    """Yield the operations of an app's routes."""
    for route in routes:
        for each in iter_route_contexts([route]):
            permissions = tuple(sorted(set(_permissions(each.dependant))))
            for method in sorted(each.methods or ()):
                yield Declared(str(each.name), method, str(each.path), permissions)


def _permissions(dependant: Dependant) -> Iterator[str]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Needs | NeedsBeforehand | OpenToAll):
            yield inner.call.permission.name
        yield from _permissions(inner)


def document() -> str:
    """Return the page."""
    apps = {service: app_of(service) for service in SERVICES}
    roles = [f"| `{role}` | {text(f'role.{role}', 'vi')} / {text(f'role.{role}', 'en')} |" for role in GRANTABLE]
    head = ["permission", "what", "reach", *(str(role).replace("_", " ") for role in GRANTABLE)]
    table = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * 3 + [':-:'] * len(GRANTABLE))} |"]
    table += [_line(permission) for permission in PERMISSIONS.values()]
    pairs = [f"- `{prepare}` and `{approve}`" for prepare, approve in TWO_PEOPLE]
    parts = (
        [_BEGIN + roles[0], *roles[1:], _TABLE + table[0], *table[1:]],
        [_OPERATIONS + "| operation | permission |", "| --- | --- |", *_operations(apps)],
        [_KINDS + "| service | kind | read | decide |", "| --- | --- | --- | --- |", *_kinds(apps)],
        [_PAIRS + pairs[0], *pairs[1:]],
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _line(permission: Permission) -> str:
    everybody = permission.reach in (Reach.OPEN, Reach.SELF)
    each = permission.reach is Reach.KIND
    marks = ["○" if each else "●" if everybody or role in permission.roles else "" for role in GRANTABLE]
    return f"| `{permission.name}` | {permission.means} | {permission.reach} | {' | '.join(marks)} |"


def _operations(apps: dict[ServiceName, FastAPI]) -> Iterator[str]:
    """Yield a line an operation; one that every service has, once."""
    places: dict[tuple[str, str, str], list[ServiceName]] = {}
    for service, app in apps.items():
        for each in declared(app.routes):
            path = each.path.replace(f"/{service}/", "/{service}/", 1)
            places.setdefault((each.method, path, ", ".join(each.permissions)), []).append(service)
    for (method, path, permission), services in places.items():
        names = ["{service}"] if len(services) == len(apps) else services
        yield from (f"| `{method} {path.replace('{service}', name, 1)}` | `{permission}` |" for name in names)


def _kinds(apps: dict[ServiceName, FastAPI]) -> Iterator[str]:
    for service, app in apps.items():
        for each in app.state.operations:
            yield f"| {service} | `{each.kind}` | `{each.reading}` | `{each.approving}` |"


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
