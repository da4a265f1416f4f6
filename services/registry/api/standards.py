"""The poverty standards."""

from services.registry.domain.form_b1 import FormB1, forms_b1
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


@router.get("/standards/{code}/forms")
async def list_forms(code: str) -> list[FormB1]:
    """List the versions of form B1 of a standard with their point tables; a sample says that it is one."""
    return [form for form in forms_b1().forms if form.standard == code]
