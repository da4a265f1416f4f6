"""A benefits service with awards and runs in one commune, all that hangs on them, and every operation on that."""

from typing import Any

from sqlalchemy import text

from services.benefits.app import build
from services.benefits.payments.domain.verification import Verdict
from services.benefits.payments.store import recovery
from services.benefits.settings import BenefitsSettings
from shared import clock
from shared.settings import EventLogSettings
from tests.integration.access.kit_rows import (
    desk_operations,
    holds,
    kit_operations,
    proposal_operations,
    seed_kit,
    system_operations,
    tells_of,
)
from tests.integration.access.matrix import ACTOR, OTHER, PURPOSE, Call, Operation, World
from tests.integration.benefits.platform import BIN, FUND, PROGRAMME, Benefits, approval_of
from tests.support.access import grant
from tests.unit.benefits.payment_samples import CAMT_053, PAIN_002

_KINDS = {
    "funds.read": "funds.approve",
    "applications.read": "applications.decide",
    "awards.read": "applications.decide",
    "payments.read": "runs.approve",
}
_OWN_FUND, _OWN_PAYER = "POOR_FUND", "OWN-01"
_HALTED = "bank-halted"
_ENDING = {"ends_with": f"{clock.today():%Y-%m}", "reason": "death", "note": "Giấy chứng tử số 12"}
_NOT_RECEIVED = {"outcome": "not_received", "certificate": "CV 124/NHNo"}
_CERTIFIED = {"certificate": "CV 124/NHNo"}
_CANCELLED = {"why": "death", "note": "Giấy chứng tử số 12"}
_ACCEPTED = {"note": "Đã đối chiếu căn cước"}
_EXPLAINED = {"becomes": "owner", "reference": "KBNN 0251/UNC"}
_DISMISSED = {"note": "Chi bổ sung tháng 9"}
_RECALL = {"reason": "DUPL", "note": "Chuyển hai lần"}
_ALLOTMENT = {"programme": PROGRAMME, "amount": 5_000_000}

# By whether it is the actor's own.
Pair = dict[bool, Any]


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
    recalled = {own: await _recalled(benefits, ACTOR if own else OTHER) for own in (True, False)}
    message = await _quarantined(benefits)
    await _lent(benefits, message)
    await _second_fund(benefits)
    open_gift = await benefits.post(f"/funds/{FUND}/contributions", _contribution("KBNN MO"))
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
        | _applications(applications, unplaced)
        | _awards(paid["id"])
        | _runs(runs, sealed["id"], benefits.payer)
        | _orders(order["id"], attempt["id"])
        | _stopping(sealed["id"], order["id"], stopped)
        | _funds(benefits, open_gift["id"])
        | _channels()
        | _recoveries(await _recovery(benefits, "bank-restored"), await benefits.forget_a_payment())
        | _outcomes(stopped, paid["id"])
        | {"propose_paid_list": _paid_list(listed, typed)}
        | _loans()
        | _months(benefits.payer, month, open_gift["id"])
        | _banks(order, message)
        | _recalls(order["id"], recalled[False])
        | _proposals({own: each["proposals"] for own, each in made.items()})
        | kit
    )
    return World(benefits.app, "benefits", operations)


async def _second_fund(benefits: Benefits) -> None:
    """Open the fund that the actor's own run is paid from."""
    await benefits.post("/funds", {"code": _OWN_FUND, "kind": "POOR_FUND", "name": "Quỹ vì người nghèo"})
    await benefits.approve_proposal(await benefits.post("/payer-accounts", _payer(_OWN_PAYER, _OWN_FUND)))
    await benefits.money_arrives(_OWN_FUND, _OWN_PAYER, 1_000_000_000)
    await benefits.allot(_OWN_FUND, 1_000_000_000)


async def _closed_month(benefits: Benefits, order_id: str) -> str:
    """Close a month long ago in which an order was due; return the closing's id."""
    async with benefits.database.transaction() as session:
        due = text("UPDATE payment_order SET due_month = '2026-01' WHERE id = :id")
        await session.execute(due, {"id": order_id})
    closed = await benefits.post("/months", _month(benefits.payer, "2026-01"))
    return str(closed["id"])


def _month(payer: str, period: str) -> dict[str, str]:
    return {"programme": PROGRAMME, "payer_account": payer, "period": period}


def _months(payer: str, closing_id: str, gift_id: str) -> dict[str, Operation]:
    def any_line(body: Any) -> bool:
        return bool(body["items"])

    return {
        "close_month": Operation(
            "runs.prepare", lambda _: Call("POST", "/months", _month(payer, "2026-02")), 201, "area_not_granted"
        ),
        # Its sums are of the communes that one may see.
        "get_month": Operation("payments.read", lambda _: Call("GET", f"/months/{closing_id}"), foreign="done"),
        "list_month_lines": Operation(
            "payments.read", lambda _: Call("GET", f"/months/{closing_id}/lines"), foreign="empty", seen=any_line
        ),
        "trace_contribution": Operation("ledger.read", lambda _: Call("GET", f"/contributions/{gift_id}/reach")),
        "read_public_report": Operation("figures.read", lambda _: Call("GET", "/public/given")),
    }


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
    for bank in (_HALTED, *(f"bank-{actor}" for actor in (ACTOR, OTHER))):
        await benefits.post(f"/bank-channels/{bank}/halt", reason)
    stopped = {"run": run["id"], "order": order["id"], "place": place}
    return stopped | {"instruction": attempt["id"], "file": attempt["message_id"]}


async def _recalled(benefits: Benefits, actor: str) -> str:
    """Let somebody propose that an order's attempt is called back; return the order's id."""
    order = await benefits.at_the_bank()
    await benefits.post(f"/orders/{order['id']}/recall", _RECALL, actor=actor)
    return str(order["id"])


async def _quarantined(benefits: Benefits) -> str:
    """Put in a bank's message that fits nothing; return its id."""
    headers = {"Content-Type": "application/xml"}
    put_in = "/bank-messages?bank=simbank&kind=pain.002"
    answer = await benefits.client.post(put_in, content=PAIN_002.encode(), headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _payer(code: str, fund: str) -> dict[str, Any]:
    number = "19009999" + code.replace("-", "").ljust(8, "0")
    return {"code": code, "bank": "simbank", "bin": BIN, "number": number, "holder": "Sở Y tế", "fund": fund}


async def _made(benefits: Benefits, actor: str) -> dict[str, Any]:
    """Let somebody prepare one of each; return them, and all that waits by kind as (id, hash)."""
    second = OTHER if actor == ACTOR else ACTOR
    fund, payer = (_OWN_FUND, _OWN_PAYER) if actor == ACTOR else (FUND, benefits.payer)
    await _outcomes_made(benefits, actor)
    decided = await _apply(benefits, actor)
    decision = approval_of(decided, fund=fund)
    await benefits.post(f"/applications/{decided['id']}/decision", decision, actor=second)
    run = await benefits.post("/runs", _run(payer), actor=actor)
    application = await _apply(benefits, actor)
    await benefits.post(f"/funds/{FUND}/allotments", _ALLOTMENT, actor=actor)
    await benefits.post("/payer-accounts", _payer(f"{actor.upper()}-01", FUND), actor=actor)
    given = await benefits.post(f"/funds/{FUND}/contributions", _contribution(f"KBNN {actor}"), actor=actor)
    await benefits.post(f"/contributions/{given['id']}/arrival", _arrival(benefits), actor=actor)
    await benefits.post(f"/bank-channels/bank-{actor}/release", {"reason": "Đã khắc phục"}, actor=actor)
    walked = await _recovery(benefits, f"bank-{actor}")
    await benefits.post(f"/bank-recoveries/{walked}/release", {}, actor=actor)
    forgotten = await benefits.forget_a_payment()
    await benefits.post(f"/forgotten-payments/{forgotten}/dismissal", _DISMISSED, actor=actor)
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
    who = await benefits.settle_in(number=f"312020517777{len(actor)}")
    award = await benefits.award(who)
    run = await benefits.prepare(actor=OTHER)
    await benefits.approve(run, actor=ACTOR)
    await benefits.bank_says(who, Verdict.CLOSE, "DANG T LAN")
    order = await benefits.order_of(who)
    await benefits.post(f"/runs/{run['id']}/account-checks/{order['id']}/acceptance", _ACCEPTED, actor=actor)
    attempt = order["instructions"][0]
    await benefits.make_unknown(attempt["message_id"])
    await benefits.post(f"/awards/{award['id']}/ending", _ENDING, actor=actor)
    await benefits.post(f"/payment-files/{attempt['message_id']}/outcome", _NOT_RECEIVED, actor=actor)
    await benefits.post(f"/instructions/{attempt['id']}/unpaid", _CERTIFIED, actor=actor)
    blocked = await benefits.settle_in(number=None)
    await benefits.award(blocked)
    prepared = await benefits.prepare(actor=OTHER)
    await benefits.post(f"/runs/{prepared['id']}/refusal", {"note": "Rút lại"}, actor=ACTOR)
    cancelled = await benefits.order_of(blocked)
    await benefits.post(f"/orders/{cancelled['id']}/cancellation", _CANCELLED, actor=actor)
    place = await benefits.unexplained_credit(600_000)
    await benefits.post(f"/suspense/{place}/explanation", _EXPLAINED, actor=actor)


def _outcomes(given: dict[str, str], award_id: str) -> dict[str, Operation]:
    def proposing(name: str, permission: str, path: str, body: Any) -> dict[str, Operation]:
        return {name: Operation(permission, lambda _: Call("POST", path, body), 201)}

    checks = f"/runs/{given['run']}/account-checks"
    return (
        proposing("propose_ending", "applications.prepare", f"/awards/{award_id}/ending", _ENDING)
        | proposing("propose_file_outcome", "runs.prepare", f"/payment-files/{given['file']}/outcome", _NOT_RECEIVED)
        | proposing("propose_unpaid", "runs.prepare", f"/instructions/{given['instruction']}/unpaid", _CERTIFIED)
        | proposing("propose_cancellation", "runs.prepare", f"/orders/{given['order']}/cancellation", _CANCELLED)
        | proposing("propose_acceptance", "runs.prepare", f"{checks}/{given['order']}/acceptance", _ACCEPTED)
        | proposing("propose_explanation", "funds.prepare", f"/suspense/{given['place']}/explanation", _EXPLAINED)
        | {"list_unexplained": Operation("funds.read", lambda _: Call("GET", "/suspense"))}
        | {"list_account_checks": Operation("payments.read", lambda _: Call("GET", checks))}
    )


def _paid_list(message: str, typed: dict[str, Any]) -> Operation:
    return Operation("runs.prepare", lambda _: Call("POST", f"/payment-files/{message}/paid-list", typed), 201)


async def _lent(benefits: Benefits, message: str) -> None:
    """Let a loan have been reported in the commune."""
    lent = text(
        'INSERT INTO loan_movement (message, ordinal, payer_account, contract, kind, amount, "on", area_code)'
        " VALUES (:message, 1, :payer, '6600-LAV-1', 'absent', 1, current_date, '08566')"
    )
    async with benefits.database.transaction() as session:
        await session.execute(lent, {"message": message, "payer": benefits.payer})


def _loans() -> dict[str, Operation]:
    return {
        "put_in_loan_report": Operation(
            "bank_messages.handle",
            lambda _: Call("POST", "/loan-reports?bank=simbank"),
            422,  # that bank sends payments
        ),
        "list_loans": Operation(
            "payments.read", lambda _: Call("GET", "/loans"), foreign="empty", seen=lambda body: bool(body["items"])
        ),
    }


def _contribution(reference: str) -> dict[str, Any]:
    return {"amount": 5_000_000, "reference": reference}


def _arrival(benefits: Benefits) -> dict[str, str]:
    return {"payer_account": benefits.payer, "voucher": "KBNN 0251/UNC"}


async def _apply(benefits: Benefits, actor: str) -> Any:
    who = await benefits.settle_in()
    ids = {"household_id": str(who.household_id), "person_id": str(who.person_id)}
    return await benefits.post("/applications", _application(ids), actor=actor)


def _application(ids: dict[str, str]) -> dict[str, str]:
    return {"programme": PROGRAMME, "applied_on": clock.today().isoformat(), **ids}


def _run(payer: str) -> dict[str, str]:
    return {"programme": PROGRAMME, "period": f"{clock.today():%Y-%m}", "payer_account": payer}


def _applications(made: Pair, unplaced: dict[str, str]) -> dict[str, Operation]:
    def path(own: bool) -> str:
        return f"/applications/{made[own]['id']}"

    return {
        "create_application": Operation(
            "applications.prepare", lambda _: Call("POST", "/applications", _application(unplaced)), 201
        ),
        "list_applications": Operation(
            "applications.read", lambda _: Call("GET", "/applications"), foreign="empty", seen=holds(made[False]["id"])
        ),
        "get_application": Operation("applications.read", lambda own: Call("GET", path(own)), owned=True),
        "decide_application": Operation(
            "applications.decide",
            lambda own: Call("POST", f"{path(own)}/decision", approval_of(made[own], fund=FUND)),
            201,
            own="same_person",
            owned=True,
        ),
        "list_programmes": Operation("reference.read", lambda _: Call("GET", "/programmes")),
        "get_programme": Operation("reference.read", lambda _: Call("GET", f"/programmes/{PROGRAMME}")),
    }


def _awards(award_id: str) -> dict[str, Operation]:
    return {
        "list_awards": Operation(
            "awards.read", lambda _: Call("GET", "/awards"), foreign="empty", seen=holds(award_id)
        ),
        "get_award": Operation("awards.read", lambda _: Call("GET", f"/awards/{award_id}")),
        "release_award": Operation(
            "awards.release",
            lambda _: Call("POST", f"/awards/{award_id}/release", {"note": "Đã đối chiếu hai hồ sơ"}),
            409,  # it is not held
        ),
    }


def _runs(made: Pair, sealed_id: str, payer: str) -> dict[str, Operation]:
    def approval(own: bool) -> Call:
        return Call("POST", f"/runs/{made[own]['id']}/approval", {"content_hash": made[own]["content_hash"]})

    def refusal(own: bool) -> Call:
        return Call("POST", f"/runs/{made[own]['id']}/refusal", {"note": "Không đúng danh sách"})

    def any_order(body: Any) -> bool:
        return bool(body["items"])

    return {
        "prepare_run": Operation("runs.prepare", lambda _: Call("POST", "/runs", _run(payer)), 201, "area_not_granted"),
        "approve_run": Operation("runs.approve", approval, 201, own="same_person", owned=True),
        "refuse_run": Operation("runs.approve", refusal, 201, owned=True),
        "list_runs": Operation("payments.read", lambda _: Call("GET", "/runs"), foreign="empty", seen=holds(sealed_id)),
        "get_run": Operation("payments.read", lambda own: Call("GET", f"/runs/{made[own]['id']}"), owned=True),
        "list_run_orders": Operation(
            "payments.read", lambda _: Call("GET", f"/runs/{sealed_id}/orders"), foreign="empty", seen=any_order
        ),
        "list_run_files": Operation("payments.read", lambda _: Call("GET", f"/runs/{sealed_id}/files")),
    }


def _orders(order_id: str, attempt_id: str) -> dict[str, Operation]:
    return {
        "list_attempts": Operation(
            "payments.read", lambda _: Call("GET", "/attempts"), foreign="empty", seen=holds(attempt_id)
        ),
        "list_orders": Operation(
            "payments.read", lambda _: Call("GET", "/orders"), foreign="empty", seen=holds(order_id)
        ),
        "get_order": Operation("payments.read", lambda _: Call("GET", f"/orders/{order_id}")),
        "get_payee": Operation("numbers.read", lambda _: Call("GET", f"/orders/{order_id}/payee{PURPOSE}")),
        "get_order_history": Operation("payments.read", lambda _: Call("GET", f"/orders/{order_id}/history")),
    }


def _stopping(run_id: str, order_id: str, stopped: dict[str, str]) -> dict[str, Operation]:
    reason = {"reason": "Chờ xác minh"}
    return {
        "pause_run": Operation("runs.stop", lambda _: Call("POST", f"/runs/{run_id}/pause", reason), 201),
        "resume_run": Operation("runs.approve", lambda _: Call("POST", f"/runs/{stopped['run']}/resumption"), 201),
        "hold_order": Operation("runs.stop", lambda _: Call("POST", f"/orders/{order_id}/hold", reason), 201),
        "release_order": Operation(
            "runs.approve", lambda _: Call("POST", f"/orders/{stopped['order']}/hold-release"), 201
        ),
        "follow_up_run": Operation("runs.prepare", lambda _: Call("POST", f"/runs/{run_id}/follow-up"), 201),
    }


def _channels() -> dict[str, Operation]:
    reason = {"reason": "Ngân hàng báo sự cố"}
    return {
        "list_channels": Operation("funds.read", lambda _: Call("GET", "/bank-channels")),
        "read_calendar": Operation("reference.read", lambda _: Call("GET", "/bank-channels/simbank/calendar")),
        "halt_channel": Operation("channels.halt", lambda _: Call("POST", "/bank-channels/simbank/halt", reason), 201),
        "propose_release": Operation(
            "funds.prepare", lambda _: Call("POST", f"/bank-channels/{_HALTED}/release", reason), 201
        ),
    }


def _recoveries(walked: str, forgotten: str) -> dict[str, Operation]:
    dismissal = f"/forgotten-payments/{forgotten}/dismissal"
    return {
        "list_forgotten_payments": Operation("funds.read", lambda _: Call("GET", "/forgotten-payments")),
        "propose_dismissal": Operation("funds.prepare", lambda _: Call("POST", dismissal, _DISMISSED), 201),
        "list_bank_recoveries": Operation("funds.read", lambda _: Call("GET", "/bank-recoveries")),
        "declare_bank_recovery": Operation(
            "funds.prepare", lambda _: Call("POST", "/bank-recoveries", {"bank": "simbank"}), 201
        ),
        "propose_recovery_release": Operation(
            "funds.prepare", lambda _: Call("POST", f"/bank-recoveries/{walked}/release", {}), 201
        ),
    }


def _funds(benefits: Benefits, gift_id: str) -> dict[str, Operation]:
    new = {"code": "DONOR_A", "kind": "DONOR", "name": "Nhà tài trợ"}
    contribution = _contribution("KBNN 2026-11 BTXH")
    payer = _payer("NEW-01", FUND)
    return {
        "create_fund": Operation("funds.prepare", lambda _: Call("POST", "/funds", new), 201),
        "declare_contribution": Operation(
            "funds.prepare", lambda _: Call("POST", f"/funds/{FUND}/contributions", contribution), 201
        ),
        "propose_allotment": Operation(
            "funds.prepare", lambda _: Call("POST", f"/funds/{FUND}/allotments", _ALLOTMENT), 201
        ),
        "propose_payer_account": Operation("funds.prepare", lambda _: Call("POST", "/payer-accounts", payer), 201),
        "propose_arrival": Operation(
            "funds.prepare", lambda _: Call("POST", f"/contributions/{gift_id}/arrival", _arrival(benefits)), 201
        ),
        "read_money": Operation("funds.read", lambda _: Call("GET", f"/payer-accounts/{benefits.payer}/money")),
        "list_funds": Operation("funds.read", lambda _: Call("GET", "/funds")),
        "list_contributions": Operation("funds.read", lambda _: Call("GET", f"/funds/{FUND}/contributions")),
        "list_payer_accounts": Operation("funds.read", lambda _: Call("GET", "/payer-accounts")),
        "get_bank": Operation("reference.read", lambda _: Call("GET", "/bank")),
        "read_trial_balance": Operation("ledger.read", lambda _: Call("GET", "/ledger/trial-balance")),
        "run_ledger_checks": Operation("ledger.read", lambda _: Call("GET", "/ledger/checks")),
    }


def _banks(order: Any, message_id: str) -> dict[str, Operation]:
    message, aside = f"/bank-messages/{message_id}", {"note": "Ngân hàng gửi nhầm"}
    file = f"/payment-files/{order['instructions'][0]['message_id']}"
    put_in = Call("POST", "/bank-messages?bank=simbank&kind=camt.053", content=CAMT_053.encode())
    return {
        # Whoever calls as a bank is asked for a signature and for nothing else.
        "receive_bank_callback": Operation("bank.call", lambda _: Call("POST", "/bank-callbacks/simbank", {}), 401),
        "get_bank_keys": Operation("system.read", lambda _: Call("GET", "/bank-keys")),
        "list_banks": Operation("reference.read", lambda _: Call("GET", "/banks")),
        "list_bank_messages": Operation("bank_messages.read", lambda _: Call("GET", "/bank-messages")),
        "get_bank_message": Operation("bank_messages.read", lambda _: Call("GET", message)),
        "get_bank_message_content": Operation("bank_messages.read", lambda _: Call("GET", f"{message}/content")),
        "put_in_bank_message": Operation("bank_messages.handle", lambda _: put_in, 201),
        "retry_bank_message": Operation("bank_messages.handle", lambda _: Call("POST", f"{message}/retry"), 201),
        "set_aside_bank_message": Operation(
            "bank_messages.handle", lambda _: Call("POST", f"{message}/set-aside", aside), 201
        ),
        # The message was put aside whole: it has no line to set aside.
        "set_aside_bank_message_line": Operation(
            "bank_messages.handle", lambda _: Call("POST", f"{message}/lines/1/set-aside", aside), 409
        ),
        "hand_over_payment_file": Operation("runs.prepare", lambda _: Call("POST", f"{file}/hand-over"), 201),
        "get_payment_file_content": Operation("runs.prepare", lambda _: Call("GET", f"{file}/content")),
        "get_payment_file_list": Operation("runs.prepare", lambda _: Call("GET", f"{file}/list")),
    }


def _recalls(unsent_id: str, recalled_id: str) -> dict[str, Operation]:
    return {
        # What waits to be sent need not be called back.
        "propose_recall": Operation(
            "runs.prepare", lambda _: Call("POST", f"/orders/{unsent_id}/recall", _RECALL), 409
        ),
        "list_order_recalls": Operation("payments.read", lambda _: Call("GET", f"/orders/{recalled_id}/recalls")),
    }


def _proposals(made: Pair) -> dict[str, Operation]:
    def of(kind: str, reading: str, **more: Any) -> dict[str, Operation]:
        ids = {own: proposals[kind] for own, proposals in made.items()}
        return proposal_operations(kind, ids, reading, _KINDS[reading], _KINDS, **more)

    # A run belongs to no one area: in the list of what waits it is shown to who reads payments everywhere.
    return (
        of("allotment", "funds.read")
        | of("payer-account", "funds.read")
        | of("contribution-arrival", "funds.read")
        | of("bank-channel-release", "funds.read")
        | of("bank-recovery", "funds.read")
        | of("forgotten-payment", "funds.read")
        | of("suspense-clearing", "funds.read")
        | of("award-ending", "awards.read")
        | of("account-acceptance", "payments.read")
        | of("file-outcome", "payments.read", no_area=True)
        | of("paid-list", "payments.read", no_area=True)
        | of("unpaid-attempt", "payments.read")
        | of("order-cancellation", "payments.read")
        | of("payment-recall", "payments.read")
        | of("application", "applications.read", success=409)
        | of("payment-run", "payments.read", success=409, no_area=True)
    )
