"""`ansinh grant`: the roles that begin a platform, from its own machine, while no two people can grant there."""

from collections.abc import Iterable, Sequence

from services.registry.store.grants import AdministratorsExist, NewGrant, bootstrap
from shared import clock
from shared.access import Role
from shared.access.roles import GRANTABLE
from shared.db import Database


class FirstGrantRefused(Exception):
    """A grant cannot be made here; the sentence says why, Vietnamese first."""


def parse_grants(written: Iterable[str]) -> list[NewGrant]:
    """Return what `SUBJECT:ROLE` or `SUBJECT:ROLE:AREA` mean, each in force from today on.

    Raises:
        FirstGrantRefused: one is neither.
    """
    return [_parsed(each) for each in written]


def _parsed(written: str) -> NewGrant:
    subject, _, rest = written.partition(":")
    role, _, area_code = rest.partition(":")
    if not subject or role not in GRANTABLE:
        roles = ", ".join(GRANTABLE)
        raise FirstGrantRefused(
            f"{written}: cần NGƯỜI:VAI_TRÒ hoặc NGƯỜI:VAI_TRÒ:ĐỊA_BÀN. / SUBJECT:ROLE[:AREA] is needed; roles: {roles}"
        )
    return NewGrant(subject, Role(role), area_code or None, valid_from=clock.today(), valid_to=None)


async def first_grants(registry_url: str, proposals: Sequence[NewGrant], *, by: str) -> int:
    """Make those of the grants that are missing in the registry's database; return how many.

    Raises:
        FirstGrantRefused: two people can grant already.
    """
    database = Database(registry_url, name="ansinh grant", pool_size=1)
    try:
        async with database.transaction() as session:
            return await bootstrap(session, proposals, by=by, now=clock.now())
    except AdministratorsExist as error:
        raise FirstGrantRefused(
            "Đã có người lập và người duyệt phân quyền; hãy dùng POST /registry/v1/grants. / "
            "Two people can grant roles already; use POST /registry/v1/grants."
        ) from error
    finally:
        await database.close()
