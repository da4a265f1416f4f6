"""The poverty standards."""

from services.registry.domain.standards import Standard, UnknownStandard, standards
from shared.http import Problem, Router, needs

router = Router(prefix="/registry/v1", tags=["standards"], dependencies=[needs("reference.read")])


@router.get("/standards")
async def list_standards() -> list[Standard]:
    """List the poverty standards, in the order of time, with lines, indicators and what is not confirmed about them."""
    return list(standards().standards)


@router.get("/standards/{code}")
async def get_standard(code: str) -> Standard:
    """Show a poverty standard."""
    try:
        return standards().named(code)
    except UnknownStandard:
        raise Problem(404, "standard_not_found") from None
