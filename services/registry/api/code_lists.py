"""Lists that the book goes by: ethnic groups, the rules of priority groups, banks."""

from datetime import date
from typing import Annotated

from fastapi import Query

from services.registry.domain.banks import Bank, banks
from services.registry.domain.ethnic_groups import EthnicGroups, ethnic_groups
from services.registry.domain.priority_groups import GroupRule, group_rules
from shared.http import Router, needs

router = Router(prefix="/registry/v1", tags=["code lists"], dependencies=[needs("reference.read")])


@router.get("/ethnic-groups")
async def list_ethnic_groups() -> EthnicGroups:
    """List the ethnic groups with their codes, and the source of the list."""
    return ethnic_groups()


@router.get("/priority-groups")
async def list_priority_groups() -> list[GroupRule]:
    """List the rules by which people and households are of a priority group, each with its legal basis."""
    return list(group_rules())


@router.get("/banks")
async def list_banks(
    on: Annotated[date | None, Query(description="only those of this day; else all, also of before")] = None,
) -> list[Bank]:
    """List banks and providers of wallets by their NAPAS numbers, from when to when, with what is not confirmed."""
    return [each for each in banks().banks if on is None or each.holds_on(on)]
