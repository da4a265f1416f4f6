"""Switches and truth for demonstrations and checkers. A real bank has none of this."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from deploy.bank import accounts, book, payments, statements
from deploy.bank.accounts import Registration
from deploy.bank.outage import Outage
from deploy.bank.store import Bank

_LARGEST_AMOUNT = 10**15
AccountNumber = Annotated[str, Field(pattern=r"^[0-9A-Z]{6,34}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewAccount(_Body):
    """An account to know. Without `bin` it is at this bank; `balance` is in VND."""

    account: AccountNumber
    bin: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    holder: str | None = None
    balance: Annotated[int, Field(ge=0, le=_LARGEST_AMOUNT)] = 0
    status: Literal["open", "closed", "blocked"] = "open"


class NewCredit(_Body):
    """Money that arrives, in VND; the reference makes it happen once."""

    account: AccountNumber
    amount: Annotated[int, Field(gt=0, le=_LARGEST_AMOUNT)]
    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9/\-?:().,'+ ]{1,140}$")]


class AccountName(_Body):
    """Which account."""

    account: AccountNumber


class OutageSwitch(_Body):
    """How long the channel is closed: some seconds, or until switched off."""

    seconds: Annotated[float, Field(gt=0)] | None = None
    on: bool = True


def routes(bank: Bank, outage: Outage) -> APIRouter:
    """Return the switches and the truth."""
    router = APIRouter(prefix="/admin", tags=["admin"])

    @router.post("/accounts", status_code=201)
    def register_account(body: NewAccount, response: Response) -> dict[str, Any]:
        """Register an account (201), or change holder and status of a known one (200)."""
        bin_ = body.bin or bank.terms.bin
        wanted = Registration(body.account, bin_, body.holder, body.balance, body.status)
        if not accounts.register(bank, wanted):
            response.status_code = 200
        return asdict(wanted)

    @router.post("/credits", status_code=201)
    def credit_account(body: NewCredit, response: Response) -> dict[str, Any]:
        """Let money arrive from the Treasury (201); the same reference again changes nothing (200)."""
        arrival = accounts.credit(bank, body.account, body.amount, body.reference)
        if arrival.repeated:
            response.status_code = 200
        return {"account": body.account, "amount": body.amount, "bank_ref": arrival.bank_reference}

    @router.post("/close-statement")
    def close_statement(body: AccountName) -> dict[str, Any]:
        """End the day of an account now: close its statement, then book what comes back."""
        return asdict(statements.close(bank, body.account))

    @router.post("/outage")
    def switch_outage(body: OutageSwitch) -> dict[str, bool]:
        """Close the customers' channel (503), or open it again."""
        if not body.on:
            outage.end()
        elif body.seconds is None:
            outage.start()
        else:
            outage.start(body.seconds)
        return {"on": outage.on}

    @router.get("/truth")
    def read_truth(since: AwareDatetime | None = None) -> dict[str, list[dict[str, Any]]]:
        """Return what really happened with each payment of the files received since an instant."""
        return {"payments": payments.truth(bank, since)}

    @router.get("/book")
    def read_book() -> dict[str, Any]:
        """Return the trial balance: every account in VND, their total, and whether the whole book agrees."""
        with bank.database.transaction() as db:
            return asdict(book.trial_balance(db))

    return router
