"""Money of the demonstration: older people of poor households are awarded assistance, and this month is paid."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from itertools import islice

import httpx

from deploy.client import Platform, Refused, wait_until
from deploy.demo.people import BANK, age_on, members_of
from deploy.demo.plan import Household, Plan
from deploy.demo.progress import Progress
from deploy.demo.reviews import NEW, OLD
from deploy.people import ACCOUNTANT, APPROVER, OFFICER
from shared import clock
from shared.text import dong

PROGRAMME = "monthly-assistance-poor-elderly"
FUND, PAYER, PAYER_ACCOUNT = "TRINH_DIEN_TINH", "TRINH-DIEN-01", "1900250600001"
MOST_AWARDS = 60
_HOLDER = "UBND tỉnh Phú Thọ (trình diễn)"
_MONEY = 2_000_000_000
_FROM_AGE = 60
_NEW_STANDARD_SINCE = date(2027, 1, 1)
_AT_ONCE = 4
_PATIENCE = 60.0  # seconds until the bank has paid and the figures have followed


def pensioners(plan: Plan, today: date) -> Sequence[Household]:
    """Return households, all over the province, that are poor now and whose head is old and has an account."""
    standard = NEW if today >= _NEW_STANDARD_SINCE else OLD
    last = next((review for review in reversed(plan.reviews) if review.standard == standard), None)
    standing = [] if last is None else plan.standing_after(last)
    found = [household for household, now in standing if now == "poor" and _is_paid_for(plan, household, today)]
    return list(islice(found, 0, None, -(-len(found) // MOST_AWARDS) or 1))


def _is_paid_for(plan: Plan, household: Household, today: date) -> bool:
    head = members_of(household, plan.reviews[household.first].registered_on)[0]
    return head.account is not None and age_on(head.born, today) >= _FROM_AGE


async def is_paid(platform: Platform) -> bool:
    """Return whether the demonstration has paid anything."""
    runs = await platform.get("/benefits/v1/runs", payer_account=PAYER, state="APPROVED", limit="1")
    return bool(runs["items"])


async def pay(
    platform: Platform,
    households: Sequence[Household],
    id_of: Callable[[Household], Awaitable[str]],
    progress: Progress,
) -> None:
    """Award the programme to the heads of households and pay them for this month, where the bank is a simulated one.

    Raises:
        Refused: the platform refused a request.
    """
    bank = await platform.get("/benefits/v1/bank")
    if not bank["simulated"] or not bank.get("url"):
        progress.say("Ngân hàng không phải mô phỏng: không chi. / The bank is not simulated: nobody is paid.")
        return
    async with httpx.AsyncClient(base_url=bank["url"], timeout=30) as counterpart:
        await _fund(platform, counterpart)
    room = asyncio.Semaphore(_AT_ONCE)

    async def award(household: Household) -> bool:
        async with room:
            return await _award(platform, await id_of(household))

    awarded = await asyncio.gather(*(award(each) for each in households))
    progress.say(f"Trợ cấp: {sum(awarded)} người được duyệt. / People awarded.")
    await _pay_this_month(platform, progress)


async def _fund(platform: Platform, bank: httpx.AsyncClient) -> None:
    """Make a fund, its account at the bank, and money in it."""
    fund = {"code": FUND, "kind": "STATE_PROVINCE", "name": "Ngân sách tỉnh (dữ liệu trình diễn)"}
    payer = {"code": PAYER, "bank": "simbank", "bin": BANK, "number": PAYER_ACCOUNT, "holder": _HOLDER, "fund": FUND}
    contribution = {"amount": _MONEY, "reference": "TRINH DIEN BTXH"}
    allotment = {"programme": PROGRAMME, "amount": _MONEY}
    of_fund = f"/benefits/v1/funds/{FUND}"
    await platform.post("/benefits/v1/funds", fund, actor=ACCOUNTANT, key="demo-fund")
    await platform.post(f"{of_fund}/contributions", contribution, actor=ACCOUNTANT, key="demo-contribution")
    for path, body in (("/benefits/v1/payer-accounts", payer), (f"{of_fund}/allotments", allotment)):
        key = f"demo-{path.rpartition('/')[2]}"
        await platform.approved(path, body, actor=ACCOUNTANT, approver=APPROVER, key=key)
    account = {"account": PAYER_ACCOUNT, "holder": _HOLDER, "balance": 0}
    (await bank.post("/admin/accounts", json=account)).raise_for_status()
    (await bank.post("/admin/credits", json={"account": PAYER_ACCOUNT, **contribution})).raise_for_status()


async def _award(platform: Platform, household: str) -> bool:
    """Apply for the head and approve; wait while benefits has not heard of the household yet."""
    if (await platform.get("/benefits/v1/awards", household_id=household))["items"]:
        return True
    members = (await platform.get(f"/registry/v1/households/{household}"))["members"]
    head = next(member["id"] for member in members if member["relationship"] == "head")
    applied_on = clock.today().isoformat()
    body = {"programme": PROGRAMME, "household_id": household, "person_id": head, "applied_on": applied_on}
    key = f"demo-{household}-{applied_on}"
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

    return bool(await wait_until(decide, within=_PATIENCE))


async def _pay_this_month(platform: Platform, progress: Progress) -> None:
    month = f"{clock.today():%Y-%m}"
    body = {"programme": PROGRAMME, "period": month, "payer_account": PAYER}
    run: Mapping[str, str] = await platform.post("/benefits/v1/runs", body, actor=ACCOUNTANT, key=f"demo-run-{month}")
    approval = {"content_hash": run["content_hash"]}
    path = f"/benefits/v1/runs/{run['id']}/approval"

    async def approve() -> bool | None:
        try:
            await platform.post(path, approval, actor=APPROVER, key=f"demo-{run['id']}")
        except Refused as refusal:
            if refusal.code != "funds_not_arrived":
                raise
            return None  # the statement that shows the money is on its way
        return True

    if not await wait_until(approve, within=_PATIENCE):
        progress.say("Tiền chưa về tài khoản chi trả. / The money has not arrived in the payer account.")
        return

    async def counted() -> bool | None:
        figures = await platform.get("/indicators/v1/payments", area_code="25")
        return True if figures["total"]["paid"] >= int(run["declared_sum"]) else None

    await wait_until(counted, within=_PATIENCE)
    progress.say(f"Ngân hàng: đã chi {dong(int(run['declared_sum']))}. / Paid by the bank.")
