"""The demonstration as planned on a fixed day."""

from datetime import date
from fractions import Fraction

import pytest

from deploy.demo.plan import Plan, make_plan
from services.registry.official_areas import official_areas

AREAS = official_areas("25")[1:]
COMMUNES = [area.code for area in AREAS]
TODAY = date(2026, 11, 24)


def planned(scale: str, today: date = TODAY) -> Plan:
    """Return the plan at a scale as of a day."""
    return make_plan(AREAS, Fraction(scale), today)


@pytest.fixture(scope="session")
def whole() -> Plan:
    """The whole province."""
    return planned("1")


@pytest.fixture(scope="session")
def small() -> Plan:
    """A hundredth of it, seen from a year in which the new standard applies."""
    return planned("0.01", date(2028, 1, 15))
