"""Every operation of a benefits service, on what `benefits_world` has put there."""

from typing import Any

from shared import clock
from tests.integration.access.kit_rows import holds, proposal_operations
from tests.integration.access.matrix import PURPOSE, Call, Operation
from tests.integration.benefits.platform import BIN, FUND, PROGRAMME, Benefits, approval_of
from tests.unit.benefits.payment_samples import CAMT_053

_KINDS = {
    "funds.read": "funds.approve",
    "applications.read": "applications.decide",
    "awards.read": "applications.decide",
    "payments.read": "runs.approve",
}
HALTED = "bank-halted"
ENDING = {"ends_with": f"{clock.today():%Y-%m}", "reason": "death", "note": "Giấy chứng tử số 12"}
NOT_RECEIVED = {"outcome": "not_received", "certificate": "CV 124/NHNo"}
CERTIFIED = {"certificate": "CV 124/NHNo"}
CANCELLED = {"why": "death", "note": "Giấy chứng tử số 12"}
ACCEPTED = {"note": "Đã đối chiếu căn cước"}
EXPLAINED = {"becomes": "owner", "reference": "KBNN 0251/UNC"}
DISMISSED = {"note": "Chi bổ sung tháng 9"}
JOINED = {"note": "Sao kê 17"}
RECALL = {"reason": "DUPL", "note": "Chuyển hai lần"}
ALLOTMENT = {"programme": PROGRAMME, "amount": 5_000_000}
# By whether it is the actor's own.
Pair = dict[bool, Any]


def month(payer: str, period: str) -> dict[str, str]:
    return {"programme": PROGRAMME, "payer_account": payer, "period": period}


def months(payer: str, closing_id: str, gift_id: str) -> dict[str, Operation]:
    def any_line(body: Any) -> bool:
        return bool(body["items"])

    return {
        "close_month": Operation(
            "runs.prepare", lambda _: Call("POST", "/months", month(payer, "2026-02")), 201, "area_not_granted"
        ),
        # Its sums are of the communes that one may see.
        "get_month": Operation("payments.read", lambda _: Call("GET", f"/months/{closing_id}"), foreign="done"),
        "list_month_lines": Operation(
            "payments.read", lambda _: Call("GET", f"/months/{closing_id}/lines"), foreign="empty", seen=any_line
        ),
        "trace_contribution": Operation("ledger.read", lambda _: Call("GET", f"/contributions/{gift_id}/reach")),
        "read_public_report": Operation("figures.read", lambda _: Call("GET", "/public/given")),
    }


def payer(code: str, fund: str) -> dict[str, Any]:
    number = "19009999" + code.replace("-", "").ljust(8, "0")
    return {"code": code, "bank": "simbank", "bin": BIN, "number": number, "holder": "Sở Y tế", "fund": fund}


def told(order: str) -> dict[str, Any]:
    return {"answers": [{"order_id": order, "reason": "AC04"}], "paper": "CV 88/NHNo"}


def outcomes(given: dict[str, str], award_id: str) -> dict[str, Operation]:
    def proposing(name: str, permission: str, path: str, body: Any) -> dict[str, Operation]:
        return {name: Operation(permission, lambda _: Call("POST", path, body), 201)}

    checks, verdicts = f"/runs/{given['run']}/account-checks", f"/runs/{given['run']}/account-verdicts"
    return (
        proposing("propose_ending", "applications.prepare", f"/awards/{award_id}/ending", ENDING)
        | proposing("propose_file_outcome", "runs.prepare", f"/payment-files/{given['file']}/outcome", NOT_RECEIVED)
        | proposing("propose_unpaid", "runs.prepare", f"/instructions/{given['instruction']}/unpaid", CERTIFIED)
        | proposing("propose_cancellation", "runs.prepare", f"/orders/{given['order']}/cancellation", CANCELLED)
        | proposing("propose_acceptance", "runs.prepare", f"{checks}/{given['order']}/acceptance", ACCEPTED)
        | proposing("propose_explanation", "funds.prepare", f"/suspense/{given['place']}/explanation", EXPLAINED)
        | proposing("propose_checks_by_hand", "runs.prepare", checks, told(given["order"]))
        | {"list_unexplained": Operation("funds.read", lambda _: Call("GET", "/suspense"))}
        | {"list_account_checks": Operation("payments.read", lambda _: Call("GET", checks))}
        | {"count_account_verdicts": Operation("payments.read", lambda _: Call("GET", verdicts))}
    )


def shared_accounts(account_id: str) -> dict[str, Operation]:
    sharing = Call("POST", f"/shared-accounts/{account_id}/acceptance", ACCEPTED)
    return {
        "list_shared_accounts": Operation(
            "payments.read", lambda _: Call("GET", "/shared-accounts"), foreign="empty", seen=holds(account_id)
        ),
        "propose_sharing": Operation("runs.prepare", lambda _: sharing, 201),
    }


def paid_list(message: str, typed: dict[str, Any]) -> Operation:
    return Operation("runs.prepare", lambda _: Call("POST", f"/payment-files/{message}/paid-list", typed), 201)


def loans() -> dict[str, Operation]:
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


def contribution(reference: str) -> dict[str, Any]:
    return {"amount": 5_000_000, "reference": reference}


def arrival(benefits: Benefits) -> dict[str, str]:
    return {"payer_account": benefits.payer, "voucher": "KBNN 0251/UNC"}


def application(ids: dict[str, str]) -> dict[str, str]:
    return {"programme": PROGRAMME, "applied_on": clock.today().isoformat(), **ids}


def run(payer: str) -> dict[str, str]:
    return {"programme": PROGRAMME, "period": f"{clock.today():%Y-%m}", "payer_account": payer}


def applications(made: Pair, unplaced: dict[str, str]) -> dict[str, Operation]:
    def path(own: bool) -> str:
        return f"/applications/{made[own]['id']}"

    return {
        "create_application": Operation(
            "applications.prepare", lambda _: Call("POST", "/applications", application(unplaced)), 201
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


def awards(award_id: str) -> dict[str, Operation]:
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


def runs(made: Pair, sealed_id: str, payer: str) -> dict[str, Operation]:
    def approval(own: bool) -> Call:
        return Call("POST", f"/runs/{made[own]['id']}/approval", {"content_hash": made[own]["content_hash"]})

    def refusal(own: bool) -> Call:
        return Call("POST", f"/runs/{made[own]['id']}/refusal", {"note": "Không đúng danh sách"})

    def any_order(body: Any) -> bool:
        return bool(body["items"])

    return {
        "prepare_run": Operation("runs.prepare", lambda _: Call("POST", "/runs", run(payer)), 201, "area_not_granted"),
        "approve_run": Operation("runs.approve", approval, 201, own="same_person", owned=True),
        "refuse_run": Operation("runs.approve", refusal, 201, owned=True),
        "list_runs": Operation("payments.read", lambda _: Call("GET", "/runs"), foreign="empty", seen=holds(sealed_id)),
        "get_run": Operation("payments.read", lambda own: Call("GET", f"/runs/{made[own]['id']}"), owned=True),
        "list_run_orders": Operation(
            "payments.read", lambda _: Call("GET", f"/runs/{sealed_id}/orders"), foreign="empty", seen=any_order
        ),
        "list_run_files": Operation("payments.read", lambda _: Call("GET", f"/runs/{sealed_id}/files")),
    }


def orders(order_id: str, attempt_id: str) -> dict[str, Operation]:
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


def stopping(run_id: str, order_id: str, stopped: dict[str, str]) -> dict[str, Operation]:
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


def channels() -> dict[str, Operation]:
    reason = {"reason": "Ngân hàng báo sự cố"}
    return {
        "list_channels": Operation("funds.read", lambda _: Call("GET", "/bank-channels")),
        "read_calendar": Operation("reference.read", lambda _: Call("GET", "/bank-channels/simbank/calendar")),
        "halt_channel": Operation("channels.halt", lambda _: Call("POST", "/bank-channels/simbank/halt", reason), 201),
        "propose_release": Operation(
            "funds.prepare", lambda _: Call("POST", f"/bank-channels/{HALTED}/release", reason), 201
        ),
    }


def recoveries(walked: str, forgotten: str, joined: tuple[str, str]) -> dict[str, Operation]:
    dismissal = f"/forgotten-payments/{forgotten}/dismissal"
    joining = Call("POST", f"/forgotten-payments/{joined[0]}/joining", JOINED | {"order_id": joined[1]})
    return {
        "list_forgotten_payments": Operation("funds.read", lambda _: Call("GET", "/forgotten-payments")),
        "propose_dismissal": Operation("funds.prepare", lambda _: Call("POST", dismissal, DISMISSED), 201),
        "propose_joining": Operation("funds.prepare", lambda _: joining, 201),
        "list_bank_recoveries": Operation("funds.read", lambda _: Call("GET", "/bank-recoveries")),
        "declare_bank_recovery": Operation(
            "funds.prepare", lambda _: Call("POST", "/bank-recoveries", {"bank": "simbank"}), 201
        ),
        "propose_recovery_release": Operation(
            "funds.prepare", lambda _: Call("POST", f"/bank-recoveries/{walked}/release", {}), 201
        ),
    }


def funds(benefits: Benefits, gift_id: str) -> dict[str, Operation]:
    new = {"code": "DONOR_A", "kind": "DONOR", "name": "Nhà tài trợ"}
    gift = contribution("KBNN 2026-11 BTXH")
    account = payer("NEW-01", FUND)
    return {
        "create_fund": Operation("funds.prepare", lambda _: Call("POST", "/funds", new), 201),
        "declare_contribution": Operation(
            "funds.prepare", lambda _: Call("POST", f"/funds/{FUND}/contributions", gift), 201
        ),
        "propose_allotment": Operation(
            "funds.prepare", lambda _: Call("POST", f"/funds/{FUND}/allotments", ALLOTMENT), 201
        ),
        "propose_payer_account": Operation("funds.prepare", lambda _: Call("POST", "/payer-accounts", account), 201),
        "propose_arrival": Operation(
            "funds.prepare", lambda _: Call("POST", f"/contributions/{gift_id}/arrival", arrival(benefits)), 201
        ),
        "read_money": Operation("funds.read", lambda _: Call("GET", f"/payer-accounts/{benefits.payer}/money")),
        "list_funds": Operation("funds.read", lambda _: Call("GET", "/funds")),
        "list_contributions": Operation("funds.read", lambda _: Call("GET", f"/funds/{FUND}/contributions")),
        "list_payer_accounts": Operation("funds.read", lambda _: Call("GET", "/payer-accounts")),
        "get_bank": Operation("reference.read", lambda _: Call("GET", "/bank")),
        "read_trial_balance": Operation("ledger.read", lambda _: Call("GET", "/ledger/trial-balance")),
        "run_ledger_checks": Operation("ledger.read", lambda _: Call("GET", "/ledger/checks")),
    }


def banks(order: Any, message_id: str) -> dict[str, Operation]:
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


def recalls(unsent_id: str, recalled_id: str) -> dict[str, Operation]:
    return {
        # What waits to be sent need not be called back.
        "propose_recall": Operation("runs.prepare", lambda _: Call("POST", f"/orders/{unsent_id}/recall", RECALL), 409),
        "list_order_recalls": Operation("payments.read", lambda _: Call("GET", f"/orders/{recalled_id}/recalls")),
    }


def proposals(made: Pair) -> dict[str, Operation]:
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
        | of("forgotten-payment-joining", "funds.read")
        | of("suspense-clearing", "funds.read")
        | of("award-ending", "awards.read")
        | of("account-acceptance", "payments.read")
        | of("account-sharing", "payments.read")
        | of("account-checks-by-hand", "payments.read", no_area=True)
        | of("file-outcome", "payments.read", no_area=True)
        | of("paid-list", "payments.read", no_area=True)
        | of("unpaid-attempt", "payments.read")
        | of("order-cancellation", "payments.read")
        | of("payment-recall", "payments.read")
        | of("application", "applications.read", success=409)
        | of("payment-run", "payments.read", success=409, no_area=True)
    )
