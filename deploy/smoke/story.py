"""The story, step by step: a household is assessed, decided upon, awarded, paid, counted and told."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import httpx

from deploy.acting import Acting
from deploy.client import Platform, Refused, wait_until
from deploy.smoke.failure import SmokeFailed
from services.registry.official_areas import official_areas
from shared import clock
from shared.events.registry import HouseholdClassified
from shared.ids import new_ulid
from shared.text import dong

T = TypeVar("T")
Say = Callable[[str], None]

AREA = "08566"  # Xã Tân Sơn
PROGRAMME = "monthly-assistance-poor-elderly"
OFFICER, CHAIR, ACCOUNTANT, APPROVER = "smoke.can-bo", "smoke.chu-tich", "smoke.ke-toan", "smoke.phe-duyet"
_AGE = 71
_PATIENCE = 30.0  # seconds for any one step
_WHOLE = 60.0  # seconds for all of them


@dataclass
class Story:
    """One telling: its own household, fund, account and names, so that it can be told again and again."""

    platform: Platform
    bank: httpx.AsyncClient
    say: Say
    mark: str = field(default_factory=new_ulid)
    journal: int = 0  # how far the registry's journal reached when the story began
    today: date = field(default_factory=clock.today)

    @property
    def month(self) -> str:
        return f"{self.today:%Y-%m}"

    def key(self, step: str) -> str:
        return f"smoke-{self.mark}-{step}"

    async def post(self, path: str, body: Any, *, actor: str, step: str) -> Any:
        return await self.platform.post(path, body, actor=actor, key=self.key(step))


async def tell_the_story(url: str, acting: Acting, say: Say) -> None:
    """Tell it against the platform at `url`, with the tokens of four people, a line a step.

    Raises:
        SmokeFailed: the bank is not simulated, or a step did not come true; the sentence says which.
    """
    began = time.monotonic()
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        platform = Platform(client, acting, reader=OFFICER)
        try:
            bank = await _simulated_bank(platform)
            await _everybody_may(platform)
            async with httpx.AsyncClient(base_url=bank, timeout=30) as counterpart, asyncio.timeout(_WHOLE):
                await _tell(Story(platform, counterpart, say))
        except Refused as refusal:
            raise SmokeFailed(str(refusal)) from refusal
        except TimeoutError as error:
            raise SmokeFailed(f"Chưa xong sau {_WHOLE:.0f} giây. / Not done within {_WHOLE:.0f} seconds.") from error
    say(f"✓ Xong sau {time.monotonic() - began:.0f} giây. / Done in {time.monotonic() - began:.0f} seconds.")


async def _everybody_may(platform: Platform) -> None:
    missing = await platform.missing_grants((OFFICER, CHAIR, ACCOUNTANT, APPROVER), within=_PATIENCE)
    if missing is not None:
        raise SmokeFailed(f"{missing} chưa được giao vai trò nào. / {missing} holds no role; see `ansinh grant`.")


async def _simulated_bank(platform: Platform) -> str:
    bank = await platform.get("/benefits/v1/bank")
    if not bank["simulated"] or not bank.get("url"):
        raise SmokeFailed("Không thử với ngân hàng thật. / The bank is not simulated: no trial with real money.")
    return str(bank["url"])


async def _tell(story: Story) -> None:
    standard = await _ground(story)
    story.journal = (await story.platform.get("/registry/v1/changes", limit="1"))["newest"]
    before = await _figures(story, standard)
    household = await _household_is_classified(story, standard)
    amount, award = await _is_awarded(story, household)
    order = await _is_paid(story, award, amount)
    await _figures_moved(story, standard, before, amount)
    await _family_was_told(story, household["id"])
    await _books_balance(story, order, amount)


async def _ground(story: Story) -> str:
    """State the areas where they are missing; return the standard by which households are recognised today."""
    areas = [area.model_dump(mode="json") for area in official_areas("25")]
    await story.platform.post("/registry/v1/areas", areas, actor=OFFICER)
    for standard in await story.platform.get("/registry/v1/standards"):
        recognition = standard["recognition"]
        if recognition["valid_from"] <= story.today.isoformat() <= (recognition["valid_to"] or "9999"):
            return str(standard["code"])
    raise SmokeFailed("Không có chuẩn nghèo cho hôm nay. / No poverty standard is in force today.")


async def _figures(story: Story, standard: str) -> dict[str, int]:
    """Return the poor households of the commune and the money paid in it; zero where nothing is known yet."""
    try:
        poverty = await story.platform.get("/indicators/v1/poverty", area_code=AREA, standard=standard)
        payments = await story.platform.get("/indicators/v1/payments", area_code=AREA)
    except Refused as refusal:
        if refusal.status != httpx.codes.NOT_FOUND:
            raise
        return {"poor": 0, "paid": 0}
    return {"poor": poverty["figure"]["poor"]["households"], "paid": payments["total"]["paid"]}


async def _household_is_classified(story: Story, standard: str) -> dict[str, Any]:
    made = await story.post("/registry/v1/households", _registration(story), actor=OFFICER, step="household")
    household: dict[str, Any] = made["household"]
    head = household["members"][0]
    story.say(f"✓ Đăng ký hộ {head['full_name']}. / A household is registered.")
    findings = {
        "standard": standard,
        "assessed_on": story.today.isoformat(),
        "route": {"kind": "income", "income_per_person_month": 900_000},
        "deprivations": ["employment", "health_insurance", "housing_quality", "water_source"],
    }
    path = f"/registry/v1/households/{household['id']}/assessments"
    assessment = await story.post(path, findings, actor=OFFICER, step="assessment")
    _expect("rà soát / assessment", "poor", assessment["proposed_class"])
    story.say(f"✓ Rà soát: B2 = {assessment['b2_points']} điểm, đề nghị hộ nghèo. / Assessed: poor is proposed.")
    decision = {
        "area_code": AREA,
        "number": f"{story.mark[-8:]}/QĐ-UBND",
        "decided_on": story.today.isoformat(),
        "signed_by": "Chủ tịch UBND xã (thử nghiệm)",
        "assessment_ids": [assessment["id"]],
    }
    await story.post("/registry/v1/decisions", decision, actor=CHAIR, step="decision")
    now = await story.platform.get(f"/registry/v1/households/{household['id']}")
    _expect("phân loại / class", "poor", now["standings"][0]["household_class"])
    story.say(f"✓ Xã quyết định {decision['number']}: hộ nghèo. / The commune decides: poor.")
    await _event_is_told(story, household["id"])
    return household


async def _event_is_told(story: Story, household: str) -> None:
    """Follow the registry's journal, as another system does, up to the event of the classification."""
    since = story.journal

    async def told() -> Any:
        nonlocal since
        answer = await story.platform.get("/registry/v1/changes", since=str(since), limit="1000")
        since = answer["next"]
        ours = (c for c in answer["changes"] if c["subject"] == household and c["type"] == HouseholdClassified.TYPE)
        return next(ours, None)

    change = await _wait("sự kiện phân loại / the event of the classification", told)
    story.say(f"✓ Sự kiện số {change['position']}: {change['type']}. / The event is in the journal.")


def _registration(story: Story) -> dict[str, Any]:
    chance = random.Random(story.mark)  # noqa: S311 - only to be different each time
    name = f"Hà Thị {chance.choice(('Mận', 'Lan', 'Sen', 'Thơm', 'Duyên'))}"
    born = date(story.today.year - _AGE, 1, 1)
    head = {
        "full_name": name,
        "sex": "female",
        "birth_date": born.isoformat(),
        "ethnicity": "06",
        "relationship": "head",
        # 999 is the code of no province: nobody has such a number.
        "personal_number": f"9991{born.year % 100:02d}{chance.randrange(10**6):06d}",
        "phone": f"09{chance.randrange(10**7):07d}1",
        "account": {"bank_bin": "970405", "number": f"28{chance.randrange(10**8):08d}90001", "holder_name": name},
    }
    return {"area_code": AREA, "members": [head]}


async def _is_awarded(story: Story, household: Mapping[str, Any]) -> tuple[int, str]:
    """Fund the programme, apply, and have a second person decide; return the monthly amount and the award."""
    fund = await _fund(story)
    body = {
        "programme": PROGRAMME,
        "household_id": household["id"],
        "person_id": household["members"][0]["id"],
        "applied_on": story.today.isoformat(),
    }
    application = await story.post("/benefits/v1/applications", body, actor=OFFICER, step="application")
    path = f"/benefits/v1/applications/{application['id']}/decision"
    decision = {"approve": True, "fund": fund, "content_hash": application["content_hash"]}
    await _expect_same_person_refused(story, path, decision, actor=OFFICER)

    async def decide() -> Any:
        try:
            return await story.post(path, decision, actor=APPROVER, step="award")
        except Refused as refusal:
            if refusal.code not in ("facts_missing", "not_eligible"):
                raise
            return None  # the decision of the commune is still on its way

    decided = await _wait("đủ điều kiện và duyệt / eligible and approved", decide)
    sheet = decided["decision"]["assessment"]
    story.say(f"✓ Đủ điều kiện, {len(sheet['reasons'])} tiêu chí. / Eligible, with {len(sheet['reasons'])} criteria:")
    for reason in sheet["reasons"]:
        story.say(f"    {reason['criterion']}: {reason['value']} ({reason['legal_basis']})")
    amount = int(sheet["amount"])
    story.say(f"✓ Người thứ hai duyệt: {dong(amount)} một tháng. / A second person approves a monthly amount.")
    return amount, str(decided["decision"]["award_id"])


async def _budget(story: Story) -> int:
    """Return what one award takes until the year ends (VND): nothing may be left to blur later decisions."""
    programme = await story.platform.get(f"/benefits/v1/programmes/{PROGRAMME}")
    today = story.today.isoformat()
    terms = next(t for t in programme["terms"] if t["valid_from"] <= today <= (t["valid_to"] or "9999"))
    band = next(b for b in terms["coefficients"] if b["from_age"] <= _AGE <= (b["to_age"] or _AGE))
    return int(terms["standard_amount"] * Decimal(band["coefficient"])) * (13 - story.today.month)


async def _fund(story: Story) -> str:
    """Make this telling's own fund and payer account, with money that arrives at the bank."""
    short = story.mark[-8:]
    fund, payer, number = f"SMOKE_{short}", f"SMOKE-{short}", f"19{int(time.time() * 1000):013d}"
    budget = await _budget(story)
    arrival = {"amount": budget, "reference": f"SMOKE {short}"}
    account = {"account": number, "holder": "UBND XA TAN SON", "balance": 0}
    described = {"code": fund, "kind": "STATE_PROVINCE", "name": f"Thử nghiệm {short}"}
    paying = {"code": payer, "bank": "simbank", "bin": "970405", "number": number, "holder": "UBND xã", "fund": fund}
    (await story.bank.post("/admin/accounts", json=account)).raise_for_status()
    await story.post("/benefits/v1/funds", described, actor=ACCOUNTANT, step="funds")
    await story.post(f"/benefits/v1/funds/{fund}/contributions", arrival, actor=ACCOUNTANT, step="contributions")
    for path, body in (
        ("/benefits/v1/payer-accounts", paying),
        (f"/benefits/v1/funds/{fund}/allotments", {"programme": PROGRAMME, "amount": budget}),
    ):
        key = f"smoke-{story.mark}-{path.rpartition('/')[2]}"
        await story.platform.approved(path, body, actor=ACCOUNTANT, approver=APPROVER, key=key)
    (await story.bank.post("/admin/credits", json={"account": number, **arrival})).raise_for_status()
    return fund


async def _expect_same_person_refused(story: Story, path: str, body: Any, *, actor: str) -> None:
    try:
        await story.post(path, body, actor=actor, step=f"same-person-{path[-8:]}")
    except Refused as refusal:
        _expect("người lập tự duyệt / the preparer approves", "same_person", refusal.code)
    else:
        raise SmokeFailed("Người lập đã tự duyệt được. / Who prepared could approve alone.")


async def _is_paid(story: Story, award: str, amount: int) -> Mapping[str, Any]:
    """Run the month, have it approved by a second person, and wait for the bank's statement."""
    payer = f"SMOKE-{story.mark[-8:]}"
    body = {"programme": PROGRAMME, "period": story.month, "payer_account": payer}
    run = await story.post("/benefits/v1/runs", body, actor=ACCOUNTANT, step="run")
    _expect("số tiền đợt chi / sum of the run", amount, run["declared_sum"])
    story.say(f"✓ Đợt chi {story.month}: {run['declared_count']} lệnh. / The month's run is prepared.")
    path, approval = f"/benefits/v1/runs/{run['id']}/approval", {"content_hash": run["content_hash"]}
    await _expect_same_person_refused(story, path, approval, actor=ACCOUNTANT)

    async def approve() -> Any:
        try:
            return await story.post(path, approval, actor=APPROVER, step="approval")
        except Refused as refusal:
            if refusal.code != "funds_not_arrived":
                raise
            return None  # the statement that shows the money is on its way

    await _wait("tiền về tài khoản chi trả / the money in the payer account", approve)
    story.say("✓ Người thứ hai duyệt đúng nội dung đã thấy. / A second person approves what was seen.")
    await _is_accepted(story, run["id"])
    orders = await story.platform.get(f"/benefits/v1/runs/{run['id']}/orders")
    order_id = next(order["id"] for order in orders["items"] if order["award_id"] == award)

    async def paid() -> Any:
        order = await story.platform.get(f"/benefits/v1/orders/{order_id}")
        return order if order["state"] == "PAID" else None

    order: Mapping[str, Any] = await _wait("sao kê ghi nợ / booked on the statement", paid)
    attempt = order["instructions"][0]
    story.say(
        f"✓ Ngân hàng: {attempt['end_to_end_id']} đã hạch toán {attempt['booked_on']}. / Settled by the statement."
    )
    return order


async def _is_accepted(story: Story, run: str) -> None:
    async def reported() -> Any:
        [file] = await story.platform.get(f"/benefits/v1/runs/{run}/files")
        return file if file["state"] == "SENT" and any(r["state"] == "applied" for r in file["reports"]) else None

    file = await _wait("báo cáo pain.002 / the bank's pain.002", reported)
    story.say(f"✓ pain.001 {file['message_id']} đã gửi, ngân hàng nhận (pain.002). / Sent, and accepted by the bank.")


async def _figures_moved(story: Story, standard: str, before: Mapping[str, int], amount: int) -> None:
    wanted = {"poor": before["poor"] + 1, "paid": before["paid"] + amount}
    seen: dict[str, int] = {}

    async def moved() -> bool | None:
        seen.update(await _figures(story, standard))
        return True if seen == wanted else None

    if not await wait_until(moved, within=_PATIENCE):
        _expect("chỉ số / figures", wanted, seen)
    story.say(
        f"✓ Chỉ số: {wanted['poor']} hộ nghèo (+1), đã chi {dong(wanted['paid'])} (+{dong(amount)})."
        " / Figures: one more poor household, and the money paid."
    )


async def _family_was_told(story: Story, household: str) -> None:
    async def told() -> Any:
        messages = (await story.platform.get("/notifications/v1/messages", household_id=household))["items"]
        return messages if len(messages) >= 2 and all(m["state"] == "delivered" for m in messages) else None

    messages = await _wait("tin nhắn đã đến máy / messages delivered", told)
    purposes = sorted(message["purpose"] for message in messages)
    _expect("tin nhắn / messages", ["household_classified", "payment_settled"], purposes)
    for message in messages:
        story.say(f"✓ SMS: {message['text']}")


async def _books_balance(story: Story, order: Mapping[str, Any], amount: int) -> None:
    checks = await story.platform.get("/benefits/v1/ledger/checks")
    failed = [f"{check['name']}: {check['detail']}" for check in checks["checks"] if not check["ok"]]
    _expect("sổ sách / books", [], failed)
    story.say(f"✓ Sổ cân: {len(checks['checks'])} phép kiểm đều đúng. / The books balance.")
    truth = (await story.bank.get("/admin/truth")).raise_for_status().json()["payments"]
    ours = order["instructions"][0]["end_to_end_id"]
    [payment] = [payment for payment in truth if payment["end_to_end_id"] == ours]
    _expect("sổ ngân hàng / the bank's book", (amount, 0), (payment["debited"], payment["returned"]))
    story.say("✓ Sổ của ngân hàng khớp từng đồng. / The bank's own book agrees to the đồng.")


async def _wait(step: str, look: Callable[[], Any]) -> Any:
    seen = await wait_until(look, within=_PATIENCE)
    if seen is None:
        raise SmokeFailed(f"{step}: không thấy sau {_PATIENCE:.0f} giây. / {step}: not seen within {_PATIENCE:.0f} s.")
    return seen


def _expect(step: str, wanted: object, seen: object) -> None:
    if wanted != seen:
        raise SmokeFailed(f"{step}: cần {wanted}, thấy {seen}. / {step}: expected {wanted}, saw {seen}.")
