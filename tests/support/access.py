"""Grants for tests, put straight into a service's projection."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import insert

from shared.access import Role
from shared.access.roles import GRANTABLE
from shared.access.tables import access_grants
from shared.db import Database
from shared.ids import new_id

LONG_AGO = date(2020, 1, 1)


async def grant(
    database: Database,
    *subjects: str,
    roles: Sequence[Role] = GRANTABLE,
    area: str | None = None,
    communes: Sequence[str] = (),
    valid_from: date = LONG_AGO,
    valid_to: date | None = None,
    revoked: bool = False,
) -> None:
    """Let people do what these roles may, all roles unless told; everywhere, or in an area that covers communes."""
    rows = [
        {
            "grant_id": new_id(),
            "version": 1,
            "subject": subject,
            "role": role,
            "area_code": area,
            "everywhere": area is None,
            "communes": list(communes),
            "valid_from": valid_from,
            "valid_to": valid_to,
            "revoked": revoked,
        }
        for subject in subjects
        for role in roles
    ]
    async with database.transaction() as session:
        await (await session.connection()).execute(insert(access_grants), rows)
