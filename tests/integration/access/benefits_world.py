"""A benefits service with awards and runs in one commune, all that hangs on them, and every operation on that."""

from typing import Any

from sqlalchemy import text

from services.benefits.app import build
from services.benefits.payments.domain.verification import Verdict
from services.benefits.payments.store import recovery
from services.benefits.settings import BenefitsSettings
from shared import clock
from shared.settings import EventLogSettings
from tests.integration.access import benefits_operations as on
from tests.integration.access.kit_rows import (
    desk_operations,
    kit_operations,
    seed_kit,
    system_operations,
    tells_of,
)
from tests.integration.access.matrix import ACTOR, OTHER, World
from tests.integration.benefits.platform import FUND, Benefits, approval_of
from tests.support.access import grant
from tests.unit.benefits.payment_samples import PAIN_002

_OWN_FUND, _OWN_PAYER = "POOR_FUND", "OWN-01"

# By whether it is the actor's own.


async def benefits_world(url: str) -> World:
    """Return a benefits service whose records are the actor's or another's."""
    settings = BenefitsSettings(
        service="benefits", database_url=url, event_log=EventLogSettings(eventlog_url=url), bank_simulated=True
    )
    benefits = Benefits(build(settings))
    await grant(benefits.database, ACTOR, OTHER)
    await benefits.open_fund()
    somebody = await benefits.settle_in()
    paid = await benefits.award(somebody)
    sealed = await benefits.prepare()
    await benefits.approve(sealed)
    (attempt,) = (await benefits.get("/attempts"))["items"]
    order = await benefits.order_of(somebody)
    month = await _closed_month(benefits, order["id"])
    (listed, typed), *proposed = [await benefits.at_a_cash_point() for _ in range(3)]
    for actor, (message, outcome) in zip((ACTOR, OTHER), proposed, strict=True):
        await benefits.post(f"/payment-files/{message}/paid-list", outcome, actor=actor)
    stopped = await _stopped(benefits)
    shared = await benefits.share_an_account()
    joined = await benefits.forget_a_debit()
    recalled = {own: await _recalled(benefits, ACTOR if own else OTHER) for own in (True, False)}
    message = await _quarantined(benefits)
    await _lent(benefits, message)
    await _second_fund(benefits)
    open_gift = await benefits.post(f"/funds/{FUND}/contributions", on.contribution("KBNN MO"))
    made = {own: await _made(benefits, ACTOR if own else OTHER) for own in (True, False)}
    newcomer = await benefits.settle_in()
    unplaced = {"household_id": str(newcomer.household_id), "person_id": str(newcomer.person_id)}
    kit = kit_operations(await seed_kit(benefits.database), seen=tells_of(order["household_id"]), jobs=False)
    await benefits.client.aclose()
    runs = {own: each["run"] for own, each in made.items()}
    applications = {own: each["application"] for own, each in made.items()}
    operations = (
        system_operations("benefits")
        | desk_operations("benefits", benefits.app)
        | on.applications(applications, unplaced)
        | on.awards(paid["id"])
        | on.runs(runs, sealed["id"], benefits.payer)
        | on.orders(order["id"], attempt["id"])
        | on.stopping(sealed["id"], order["id"], stopped)
        | on.funds(benefits, open_gift["id"])
        | on.channels()
        | on.recoveries(await _recovery(benefits, "bank-restored"), await benefits.forget_a_payment(), joined)
        | on.outcomes(stopped, paid["id"])
        | on.shared_accounts(shared)
        | {"propose_paid_list": on.paid_list(listed, typed)}
        | on.loans()
        | on.months(benefits.payer, month, open_gift["id"])
        | on.banks(order, message)
        | on.recalls(order["id"], recalled[False])
        | on.proposals({own: each["proposals"] for own, each in made.items()})
        | kit
    )
    return World(benefits.app, "benefits", operations)


async def _second_fund(benefits: Benefits) -> None:
    """Open the fund that the actor's own run is paid from."""
    await benefits.post("/funds", {"code": _OWN_FUND, "kind": "POOR_FUND", "name": "Quỹ vì người nghèo"})
    await benefits.approve_proposal(await benefits.post("/payer-accounts", on.payer(_OWN_PAYER, _OWN_FUND)))
    await benefits.money_arrives(_OWN_FUND, _OWN_PAYER, 1_000_000_000)
    await benefits.allot(_OWN_FUND, 1_000_000_000)


async def _closed_month(benefits: Benefits, order_id: str) -> str:
    """Close a month long ago in which an order was due; return the closing's id."""
    async with benefits.database.transaction() as session:
        due = text("UPDATE payment_order SET due_month = '2026-01' WHERE id = :id")
        await session.execute(due, {"id": order_id})
    closed = await benefits.post("/months", on.month(benefits.payer, "2026-01"))
    return str(closed["id"])


async def _stopped(benefits: Benefits) -> dict[str, str]:
    """Let another person pause a run, hold its order, and halt banks."""
    who = await benefits.settle_in(number="3120205177770")
    await benefits.award(who)
    run = await benefits.prepare()
    await benefits.approve(run, actor=OTHER)
    await benefits.bank_says(who, Verdict.CLOSE, "DANG T LAN")
    (order,) = (await benefits.get("/orders", household_id=str(who.household_id)))["items"]
    reason = {"reason": "Chờ xác minh"}
    await benefits.post(f"/runs/{run['id']}/pause", reason, actor=OTHER)
    await benefits.post(f"/orders/{order['id']}/hold", reason, actor=OTHER)
    attempt = (await benefits.get(f"/orders/{order['id']}"))["instructions"][0]
    await benefits.make_unknown(attempt["message_id"])
    place = await benefits.unexplained_credit(700_000)
    for bank in (on.HALTED, *(f"bank-{actor}" for actor in (ACTOR, OTHER))):
        await benefits.post(f"/bank-channels/{bank}/halt", reason)
    stopped = {"run": run["id"], "order": order["id"], "place": place}
    return stopped | {"instruction": attempt["id"], "file": attempt["message_id"]}


async def _recalled(benefits: Benefits, actor: str) -> str:
    """Let somebody propose that an order's attempt is called back; return the order's id."""
    order = await benefits.at_the_bank()
    await benefits.post(f"/orders/{order['id']}/recall", on.RECALL, actor=actor)
    return str(order["id"])


async def _quarantined(benefits: Benefits) -> str:
    """Put in a bank's message that fits nothing; return its id."""
    headers = {"Content-Type": "application/xml"}
    put_in = "/bank-messages?bank=simbank&kind=pain.002"
    answer = await benefits.client.post(put_in, content=PAIN_002.encode(), headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _made(benefits: Benefits, actor: str) -> dict[str, Any]:
    """Let somebody prepare one of each; return them, and all that waits by kind as (id, hash)."""
    second = OTHER if actor == ACTOR else ACTOR
    fund, payer = (_OWN_FUND, _OWN_PAYER) if actor == ACTOR else (FUND, benefits.payer)
    await _outcomes_made(benefits, actor)
    decided = await _apply(benefits, actor)
    decision = approval_of(decided, fund=fund)
    await benefits.post(f"/applications/{decided['id']}/decision", decision, actor=second)
    run = await benefits.post("/runs", on.run(payer), actor=actor)
    application = await _apply(benefits, actor)
    await benefits.post(f"/funds/{FUND}/allotments", on.ALLOTMENT, actor=actor)
    await benefits.post("/payer-accounts", on.payer(f"{actor.upper()}-01", FUND), actor=actor)
    given = await benefits.post(f"/funds/{FUND}/contributions", on.contribution(f"KBNN {actor}"), actor=actor)
    await benefits.post(f"/contributions/{given['id']}/arrival", on.arrival(benefits), actor=actor)
    await benefits.post(f"/bank-channels/bank-{actor}/release", {"reason": "Đã khắc phục"}, actor=actor)
    walked = await _recovery(benefits, f"bank-{actor}")
    await benefits.post(f"/bank-recoveries/{walked}/release", {}, actor=actor)
    forgotten = await benefits.forget_a_payment()
    await benefits.post(f"/forgotten-payments/{forgotten}/dismissal", on.DISMISSED, actor=actor)
    waiting = (await benefits.get("/proposals", state="open", limit="100"))["items"]
    own = {each["kind"]: (each["id"], each["content_hash"]) for each in waiting if each["prepared_by"] == actor}
    return {"run": run, "application": application, "proposals": own}


async def _recovery(benefits: Benefits, bank: str) -> str:
    """Stop sending to a bank after a restore, with all that it knows read; return the recovery's id."""
    async with benefits.database.transaction() as session:
        await recovery.stop(session, bank, "declared", "test", clock.now())
        found = await recovery.open_recovery(session, bank)
        assert found is not None
        await recovery.walked(session, found.id, clock.now())
    return str(found.id)


async def _outcomes_made(benefits: Benefits, actor: str) -> None:
    """Let somebody propose one of each decision on what went wrong."""
    who = await benefits.settle_in()
    award = await benefits.award(who)
    account = await benefits.share_an_account()
    await benefits.post(f"/shared-accounts/{account}/acceptance", on.ACCEPTED, actor=actor)
    debited, forgotten = await benefits.forget_a_debit()
    joining = on.JOINED | {"order_id": forgotten}
    await benefits.post(f"/forgotten-payments/{debited}/joining", joining, actor=actor)
    run = await benefits.prepare(actor=OTHER)
    await benefits.approve(run, actor=ACTOR)
    await benefits.bank_says(who, Verdict.CLOSE, "DANG T LAN")
    order = await benefits.order_of(who)
    await benefits.post(f"/runs/{run['id']}/account-checks/{order['id']}/acceptance", on.ACCEPTED, actor=actor)
    await benefits.post(f"/runs/{run['id']}/account-checks", on.told(order["id"]), actor=actor)
    attempt = order["instructions"][0]
    await benefits.make_unknown(attempt["message_id"])
    await benefits.post(f"/awards/{award['id']}/ending", on.ENDING, actor=actor)
    await benefits.post(f"/payment-files/{attempt['message_id']}/outcome", on.NOT_RECEIVED, actor=actor)
    await benefits.post(f"/instructions/{attempt['id']}/unpaid", on.CERTIFIED, actor=actor)
    blocked = await benefits.settle_in(number=None)
    await benefits.award(blocked)
    prepared = await benefits.prepare(actor=OTHER)
    await benefits.post(f"/runs/{prepared['id']}/refusal", {"note": "Rút lại"}, actor=ACTOR)
    cancelled = await benefits.order_of(blocked)
    await benefits.post(f"/orders/{cancelled['id']}/cancellation", on.CANCELLED, actor=actor)
    place = await benefits.unexplained_credit(600_000)
    await benefits.post(f"/suspense/{place}/explanation", on.EXPLAINED, actor=actor)


async def _lent(benefits: Benefits, message: str) -> None:
    """Let a loan have been reported in the commune."""
    lent = text(
        'INSERT INTO loan_movement (message, ordinal, payer_account, contract, kind, amount, "on", area_code)'
        " VALUES (:message, 1, :payer, '6600-LAV-1', 'absent', 1, current_date, '08566')"
    )
    async with benefits.database.transaction() as session:
        await session.execute(lent, {"message": message, "payer": benefits.payer})


async def _apply(benefits: Benefits, actor: str) -> Any:
    who = await benefits.settle_in()
    ids = {"household_id": str(who.household_id), "person_id": str(who.person_id)}
    return await benefits.post("/applications", on.application(ids), actor=actor)
