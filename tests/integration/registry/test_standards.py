"""The poverty standards as clients see them."""

from tests.integration.registry.conftest import Registry


async def test_standards_are_shown_with_what_is_not_confirmed(used_registry: Registry) -> None:
    listed = await used_registry.get("/standards")
    assert [each["code"] for each in listed] == ["vn-2022-2025", "vn-2026-2030"]
    new = await used_registry.get("/standards/vn-2026-2030")
    assert new == listed[1]
    assert (new["income_lines"]["rural"], new["income_lines"]["confirmed"]) == (2_200_000, False)
    assert new["income_lines"]["note"]
    assert (await used_registry.client.get("/standards/vn-1999")).status_code == 404
