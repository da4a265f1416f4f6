"""Who acts in the sample and in the smoke test, and which roles they hold; real platforms grant these to nobody."""

from collections.abc import Sequence

from deploy.first_grants import parse_grants
from services.registry.store.grants import NewGrant

# `.mau` is "sample" in Vietnamese.
OFFICER, CHAIR, ACCOUNTANT, APPROVER = "can-bo.mau", "chu-tich.mau", "ke-toan.mau", "phe-duyet.mau"
_SAMPLE = (
    "quan-tri.mau:operator",
    "tinh.mau:province_officer",
    "can-bo.mau:commune_officer",
    "can-bo.mau:province_officer",
    "can-bo.mau:auditor",
    "chu-tich.mau:approver",
    "ke-toan.mau:accountant",
    "phe-duyet.mau:approver",
)
# Those who prepare may approve too, by their roles: that they cannot approve their own work is what the test shows.
_SMOKE = (
    "smoke.can-bo:commune_officer",
    "smoke.can-bo:province_officer",
    "smoke.can-bo:auditor",
    "smoke.can-bo:approver",
    "smoke.chu-tich:approver",
    "smoke.ke-toan:accountant",
    "smoke.ke-toan:approver",
    "smoke.phe-duyet:approver",
)


def demonstration_grants() -> Sequence[NewGrant]:
    """Return the grants of the people of the sample and the smoke test, everywhere, from today on."""
    return parse_grants((*_SAMPLE, *_SMOKE))
