"""`docs/access.md`, written from the table. `python -m shared.access.document` writes it."""

from pathlib import Path

from shared.access.roles import GRANTABLE, PERMISSIONS, TWO_PEOPLE, Permission, Reach
from shared.texts import text

FILE = Path(__file__).parents[2] / "docs" / "access.md"

_BEGIN = """# Who may do what

Written from `shared/access/roles.py` by `python -m shared.access.document`; change the table there. A test compares the
answer of every operation with it: every role, every relation between the area of a grant and the area of a record, own
and others' records.

A token says who somebody is. What they may do is in the registry's **grants**: a role, for a person or machine, in an
area or everywhere, from day to day (Asia/Ho_Chi_Minh). One person proposes a grant (`POST /registry/v1/grants`) and
another approves it (`POST /registry/v1/proposals/{id}/approval`); nobody approves what they proposed, nor a grant to
themselves. Taking back takes one person. The first grants come from the platform's own machine: `ansinh grant`, which
answers only while no two people can grant.

Grants travel on `registry.access` to a table `access_grants` in each service's database, with the communes that their
areas cover; when areas change they are stated again. Where that table has nothing, access is denied, so a new service
lets nobody in until the events have arrived. `GET /<service>/v1/access` shows what one may do there.

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

No role holds both sides of a pair, and where a record has a preparer, that person may not approve it whatever their
roles:

"""


def document() -> str:
    """Return the page."""
    roles = [f"| `{role}` | {text(f'role.{role}', 'vi')} / {text(f'role.{role}', 'en')} |" for role in GRANTABLE]
    head = ["permission", "what", "reach", *(str(role).replace("_", " ") for role in GRANTABLE)]
    table = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * 3 + [':-:'] * len(GRANTABLE))} |"]
    table += [_line(permission) for permission in PERMISSIONS.values()]
    pairs = [f"- `{prepare}` and `{approve}`" for prepare, approve in TWO_PEOPLE]
    return _BEGIN + "\n".join(roles) + "\n" + _TABLE + "\n".join(table) + "\n" + _PAIRS + "\n".join(pairs) + "\n"


def _line(permission: Permission) -> str:
    everybody = permission.reach in (Reach.OPEN, Reach.SELF)
    each = permission.reach is Reach.KIND
    marks = ["○" if each else "●" if everybody or role in permission.roles else "" for role in GRANTABLE]
    return f"| `{permission.name}` | {permission.means} | {permission.reach} | {' | '.join(marks)} |"


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
