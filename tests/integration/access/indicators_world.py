"""Indicators that know a province, and every operation on it."""

from typing import Any

from services.indicators.app import build
from services.indicators.settings import IndicatorsSettings
from shared.db import Database
from shared.settings import EventLogSettings
from tests.integration.access.kit_rows import kit_operations, seed_kit, system_operations
from tests.integration.access.matrix import COMMUNE, PROVINCE, Call, Operation, World
from tests.integration.indicators.given import hear, messages, province


async def indicators_world(url: str) -> World:
    """Return indicators with figures of a province: there is nothing of anybody, so nothing is anybody's own."""
    settings = IndicatorsSettings(service="indicators", database_url=url, event_log=EventLogSettings(eventlog_url=url))
    app = build(settings)
    database: Database = app.state.database
    await hear(database, messages(province()))
    kit = kit_operations(await seed_kit(database), seen=None, jobs=False)
    return World(app, "indicators", system_operations("indicators") | _figures() | _pages() | kit)


def _figures() -> dict[str, Operation]:
    of = f"area_code={COMMUNE}&standard=vn-2022-2025"
    communes = f"parent_code={PROVINCE}&standard=vn-2022-2025"
    paths = {
        "list_standards": "/standards",
        "get_poverty": f"/poverty?{of}",
        "get_poverty_csv": f"/poverty.csv?{of}",
        "get_poverty_series": f"/poverty/series?{of}",
        "get_poverty_series_csv": f"/poverty/series.csv?{of}",
        "list_poverty_of_areas": f"/poverty/areas?{communes}",
        "list_poverty_of_areas_csv": f"/poverty/areas.csv?{communes}",
        "get_poverty_on_map": f"/poverty/map?{communes}&map_on=2025-12-31",
        "get_payments": f"/payments?area_code={COMMUNE}",
        "get_payments_csv": f"/payments.csv?area_code={COMMUNE}",
    }
    return {name: _shown(path) for name, path in paths.items()}


def _pages() -> dict[str, Operation]:
    paths = {"show_page": "/", "icon": "/static/indicators.svg", "style_sheet": "/static/indicators.css"}
    return {name: _shown(path, whole=True) for name, path in paths.items()}


def _shown(path: str, **more: Any) -> Operation:
    return Operation("figures.read", lambda _: Call("GET", path, **more))
