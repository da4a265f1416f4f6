"""Filling a running platform with the sample, over its own API and the simulated bank's switches."""

import random
import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import httpx

from deploy.acting import Acting
from deploy.client import Platform, Refused, wait_until
from deploy.people import ACCOUNTANT, APPROVER, CHAIR, OFFICER
from deploy.sample.households import AREA, ROUNDS, SEED, Round, SampleHousehold, findings, sample_households
from services.registry.official_areas import official_areas
from shared import clock
from shared.text import dong

Say = Callable[[str], None]

HOUSEHOLDS = 300
PROGRAMME = "monthly-assistance-poor-elderly"
FUND, PAYER, PAYER_ACCOUNT = "SAMPLE_PROVINCE", "MAU-01", "1900856600001"
_MONEY = 500_000_000
_ELDERLY = 60
_PATIENCE = 30.0  # seconds until what was decided and paid has travelled through the services
_LOOK = 0.05


async def load_sample(url: str, bank_url: str, acting: Acting, say: Say) -> None:
    """Fill in the sample where it is missing. Every request has a fixed key, so what was interrupted goes on.

    Raises:
        Refused: the platform refused a request.
    """
    async with httpx.AsyncClient(base_url=url, timeout=60) as client, httpx.AsyncClient(base_url=bank_url) as bank:
        platform = Platform(client, acting, reader=OFFICER)
        await platform.missing_grants((OFFICER, CHAIR, ACCOUNTANT, APPROVER), within=30)
        if await _is_there(platform):
            return
        await _areas(platform, say)
        households = sample_households(HOUSEHOLDS)
        ids = await _register(platform, households, say)
        # By whatever clock: what is still to come cannot have been reviewed.
        reviews = [review for review in ROUNDS if review.on <= clock.today()]
        await _review(platform, reviews, households, ids, say)
        await _money(platform, bank)
        await _pay(platform, [poor for poor in zip(households, ids, strict=True) if _is_poor(poor[0], reviews)], say)


async def _is_there(platform: Platform) -> bool:
    runs = await platform.get("/benefits/v1/runs", payer_account=PAYER, state="APPROVED", limit="1")
    return bool(runs["items"])


async def _areas(platform: Platform, say: Say) -> None:
    areas = [area.model_dump(mode="json") for area in official_areas("25")]
    await platform.post("/registry/v1/areas", areas, actor=OFFICER)
    totals = {"code": AREA, "year": 2025, "households": 2150, "people": 9030, "source": "Dữ liệu mẫu / sample data"}
    await platform.post("/registry/v1/area-totals", [totals], actor=OFFICER)
    say(f"Địa bàn: {len(areas)} đơn vị / areas")


async def _register(platform: Platform, households: Sequence[SampleHousehold], say: Say) -> list[dict[str, Any]]:
    ids: list[dict[str, Any]] = []
    for start in range(0, len(households), 100):
        body = {"households": [each.registration for each in households[start : start + 100]]}
        made = await platform.post(
            "/registry/v1/households/batches", body, actor=OFFICER, key=f"sample-households-{start}"
        )
        ids += made["households"]
        say(f"Hộ gia đình: {len(ids)}/{len(households)} / households")
    return ids


async def _review(
    platform: Platform,
    reviews: Sequence[Round],
    households: Sequence[SampleHousehold],
    ids: Sequence[dict[str, Any]],
    say: Say,
) -> None:
    standards = {one["code"]: _indicators(one) for one in await platform.get("/registry/v1/standards")}
    chance = random.Random(SEED)  # noqa: S311 - a fixed seed is the point
    for number, review in enumerate(reviews):
        on, indicators = review.on, standards[review.standard]
        assessed = [
            {"household_id": registered["id"]} | findings(chance, found, review, indicators)
            for household, registered in zip(households, ids, strict=True)
            if (found := household.classes[number]) is not None
        ]
        answer = await platform.post(
            "/registry/v1/assessments/batches", {"assessments": assessed}, actor=OFFICER, key=f"sample-review-{on}"
        )
        decision = {
            "area_code": AREA,
            "number": f"{number + 1:02d}/QĐ-UBND",
            "decided_on": on.isoformat(),
            "signed_by": "Chủ tịch UBND xã (mẫu)",
            "assessment_ids": [assessment["id"] for assessment in answer["assessments"]],
        }
        await platform.post("/registry/v1/decisions", decision, actor=CHAIR, key=f"sample-decision-{on}")
        say(f"Rà soát {on:%d/%m/%Y}: {len(assessed)} hộ / households reviewed")


def _indicators(standard: dict[str, Any]) -> list[str]:
    return [indicator["code"] for dimension in standard["dimensions"] for indicator in dimension["indicators"]]


async def _money(platform: Platform, bank: httpx.AsyncClient) -> None:
    """Make a fund, its account at the bank, and money in it."""
    fund = {"code": FUND, "kind": "STATE_PROVINCE", "name": "Ngân sách tỉnh (dữ liệu mẫu)"}
    payer = {
        "code": PAYER,
        "bank": "simbank",
        "bin": "970405",
        "number": PAYER_ACCOUNT,
        "holder": "UBND xã Tân Sơn (mẫu)",
        "fund": FUND,
    }
    contribution = {"amount": _MONEY, "reference": "SAMPLE 2026 BTXH"}
    allotment = {"programme": PROGRAMME, "amount": _MONEY}
    for path, body in (
        ("/benefits/v1/funds", fund),
        (f"/benefits/v1/funds/{FUND}/contributions", contribution),
    ):
        await platform.post(path, body, actor=ACCOUNTANT, key=f"sample-{path.rpartition('/')[2]}")
    for path, body in (
        ("/benefits/v1/payer-accounts", payer),
        (f"/benefits/v1/funds/{FUND}/allotments", allotment),
    ):
        key = f"sample-{path.rpartition('/')[2]}"
        await platform.approved(path, body, actor=ACCOUNTANT, approver=APPROVER, key=key)
    account = {"account": PAYER_ACCOUNT, "holder": payer["holder"], "balance": 0}
    (await bank.post("/admin/accounts", json=account)).raise_for_status()
    arrival = {"account": PAYER_ACCOUNT, **contribution}
    (await bank.post("/admin/credits", json=arrival)).raise_for_status()


async def _pay(platform: Platform, poor: Sequence[tuple[SampleHousehold, dict[str, Any]]], say: Say) -> None:
    """Award the programme to the elderly heads of poor households, and pay them for this month."""
    today = clock.today()
    elderly = [registered for household, registered in poor if _is_elderly(household, today)]
    patience_ends = time.monotonic() + _PATIENCE
    awarded = sum([await _award(platform, registered, patience_ends) for registered in elderly])
    body = {"programme": PROGRAMME, "period": f"{today:%Y-%m}", "payer_account": PAYER}
    run = await platform.post("/benefits/v1/runs", body, actor=ACCOUNTANT, key=f"sample-run-{today:%Y-%m}")
    approval = {"content_hash": run["content_hash"]}
    await platform.post(f"/benefits/v1/runs/{run['id']}/approval", approval, actor=APPROVER, key=f"sample-{run['id']}")
    say(f"Trợ cấp: {awarded} người được duyệt. / People awarded.")

    async def counted() -> bool | None:
        figures = await platform.get("/indicators/v1/payments", area_code=AREA)
        return True if figures["total"]["paid"] >= run["declared_sum"] else None

    if await wait_until(counted, within=_PATIENCE):
        say(f"Ngân hàng: đã chi {dong(run['declared_sum'])}. / Paid by the bank.")
    else:
        say(f"Ngân hàng: đang chi {dong(run['declared_sum'])}. / Still being paid by the bank.")


def _is_elderly(household: SampleHousehold, today: date) -> bool:
    born = date.fromisoformat(household.registration["members"][0]["birth_date"])
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) >= _ELDERLY


def _is_poor(household: SampleHousehold, reviews: Sequence[Round]) -> bool:
    found = [seen for seen in household.classes[: len(reviews)] if seen is not None]
    return found[-1:] == ["poor"]


async def _award(platform: Platform, registered: dict[str, Any], patience_ends: float) -> bool:
    """Apply for a person and approve; wait while benefits has not heard of the person yet.

    `patience_ends` is an instant of the monotonic clock, one for all: whoever comes after it is asked for once.
    """
    household = registered["id"]
    if (await platform.get("/benefits/v1/awards", household_id=household))["items"]:
        return True
    applied_on = clock.today().isoformat()  # the amount follows the age: what is decided today is applied for today
    body = {
        "programme": PROGRAMME,
        "household_id": household,
        "person_id": registered["members"][0]["id"],
        "applied_on": applied_on,
    }
    key = f"sample-{household}-{applied_on}"
    application = await platform.post("/benefits/v1/applications", body, actor=OFFICER, key=f"{key}-application")
    path = f"/benefits/v1/applications/{application['id']}/decision"

    decision = {"approve": True, "fund": FUND, "content_hash": application["content_hash"]}

    async def decide() -> bool | None:
        try:
            await platform.post(path, decision, actor=APPROVER, key=f"{key}-decision")
        except Refused as refusal:
            if refusal.code not in ("facts_missing", "not_eligible"):
                raise
            return None  # perhaps not yet: people and decisions travel in different topics
        return True

    return bool(await wait_until(decide, within=max(_LOOK, patience_ends - time.monotonic())))
