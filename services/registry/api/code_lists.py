"""Lists that the book goes by: ethnic groups, and the rules of priority groups."""

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
