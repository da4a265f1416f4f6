"""The programmes and their dated terms, for anybody to read."""

from services.benefits.programmes.domain.terms import PROGRAMMES, Programme
from shared.http.access import needs
from shared.http.problems import Problem
from shared.http.router import Router

router = Router(prefix="/benefits/v1", tags=["programmes"], dependencies=[needs("reference.read")])


@router.get("/programmes")
async def list_programmes() -> list[Programme]:
    """List every programme with its terms, legal bases, and what of them is not confirmed."""
    return list(PROGRAMMES.values())


@router.get("/programmes/{code}")
async def get_programme(code: str) -> Programme:
    """Read one programme."""
    if code not in PROGRAMMES:
        raise Problem(404, "programme_unknown")
    return PROGRAMMES[code]
