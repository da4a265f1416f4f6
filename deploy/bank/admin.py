"""Switches and truth for demonstrations and checkers. A real bank has none of this."""

import asyncio
import re
from dataclasses import asdict
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from deploy.bank import accounts, book, callbacks, execution, hours, payments, returns, settings, statements
from deploy.bank.accounts import Registration
from deploy.bank.calendar import Calendar
from deploy.bank.chance import Chance, Chances, Disturbance
from deploy.bank.keys import BankKeys
from deploy.bank.outage import Outage
from deploy.bank.statements import Wrong
from deploy.bank.store import Bank

_LARGEST_AMOUNT = 10**15
AccountNumber = Annotated[str, Field(pattern=r"^[0-9A-Z]{6,34}$")]
Share = Annotated[float, Field(ge=0, le=1)]


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


class NewReturn(_Body):
    """A payment that is given back now: all of it or less (VND), with its ids or without, as a reversal or a return."""

    end_to_end_id: str
    amount: Annotated[int, Field(gt=0, le=_LARGEST_AMOUNT)] | None = None
    reason: Annotated[str, Field(pattern=r"^[A-Z0-9]{4}$")] = "AC04"
    named: bool = True
    reversal: bool = False


class ToClose(_Body):
    """Which account's statement to close, and what is to be wrong with it."""

    account: AccountNumber
    wrong: Wrong | None = None


class Batching(_Body):
    """Whether the statements of an account show each block of payments as one entry."""

    account: AccountNumber
    batches: bool = True


class OutageSwitch(_Body):
    """How the channel is disturbed and how long: some seconds, some requests, or until switched off."""

    how: Disturbance = Disturbance.REFUSE
    seconds: Annotated[float, Field(gt=0)] | None = None
    requests: Annotated[int, Field(gt=0)] | None = None
    on: bool = True


class ChanceSwitch(_Body):
    """How likely each disturbance of a request is, under a seed."""

    seed: int
    refuse: Share = 0
    hang: Share = 0
    error_before: Share = 0
    error_after: Share = 0
    drop_before: Share = 0
    drop_after: Share = 0


class Passing(_Body):
    """How time passes: by a duration as ISO 8601 has it (`P2D`, `PT6H30M`), or to an instant."""

    advance: Annotated[str, Field(pattern=r"^P(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?$")] | None = None
    to: AwareDatetime | None = None


class Hours(_Body):
    """Banking hours in Viet Nam's time, and days without banking beside Saturdays and Sundays."""

    opens: time = time(8)
    cut_off: time = time(16)
    day_end: time = time(18)
    closed: list[date] = []


class Address(_Body):
    """Where callbacks go; nowhere without one."""

    url: str | None = None


class Rotation(_Body):
    """For how many seconds the old key stays valid."""

    overlap: Annotated[float, Field(ge=0)] = 7 * 86_400


class Skew(_Body):
    """How many seconds the clock that dates signatures is ahead."""

    seconds: float


class Signature(_Body):
    """A payment that waits for the bank's second signatory."""

    end_to_end_id: str


def routes(bank: Bank, outage: Outage, chance: Chance, keys: BankKeys, called: asyncio.Event) -> APIRouter:
    """Return the switches and the truth."""
    router = APIRouter(prefix="/admin", tags=["admin"])
    for part in (_money(bank), _time(bank), _faults(outage, chance), _keys(bank, keys), _truth(bank)):
        router.include_router(part)

    @router.post("/sign")
    async def sign(body: Signature) -> dict[str, int]:
        """Give the second signature for which a payment waits."""
        signed = await asyncio.to_thread(execution.let_go_on, bank, body.end_to_end_id)
        called.set()
        return {"signed": signed}

    @router.post("/heal")
    async def heal() -> dict[str, int]:
        """End every disturbance: the channel works, wrong statements are right, what waits for ever goes on."""
        outage.end()
        chance.take(None)
        await asyncio.to_thread(payments.speak, bank)
        mended = await asyncio.to_thread(statements.mend, bank)
        went_on = await asyncio.to_thread(execution.let_go_on, bank)
        called.set()
        return {"statements": mended, "payments": went_on}

    return router


def _money(bank: Bank) -> APIRouter:
    router = APIRouter()

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

    @router.post("/returns", status_code=201)
    def give_back(body: NewReturn) -> dict[str, Any]:
        """Give a payment back now, as often as asked."""
        return returns.give_back(
            bank,
            body.end_to_end_id,
            amount=body.amount,
            reason=body.reason,
            named=body.named,
            reversal=body.reversal,
        )

    @router.post("/close-statement")
    def close_statement(body: ToClose) -> dict[str, Any]:
        """End the day of an account now: close its statement, then book what comes back."""
        return asdict(statements.close(bank, body.account, body.wrong))

    @router.post("/mend-statements")
    def mend_statements(body: ToClose) -> dict[str, int]:
        """Give out right what was given out wrong of an account, or held back."""
        return {"statements": statements.mend(bank, body.account)}

    @router.post("/batch-booking")
    def book_in_batches(body: Batching) -> dict[str, Any]:
        """Show blocks as one entry from the next statement on, with an advice each; or each payment by itself."""
        statements.book_in_batches(bank, body.account, batches=body.batches)
        return body.model_dump()

    return router


def _time(bank: Bank) -> APIRouter:
    router = APIRouter()

    @router.get("/clock")
    def read_clock() -> dict[str, str]:
        """Say what time it is at the bank."""
        return {"now": bank.clock().isoformat()}

    @router.post("/clock")
    def pass_time(body: Passing) -> dict[str, Any]:
        """Let time pass; all that falls due on the way is done at its own instant."""
        to = body.to or bank.clock() + _duration(body.advance or "PT0S")
        done = hours.advance(bank, to)
        return {"now": bank.clock().isoformat(), "done": done}

    @router.put("/calendar")
    def keep_hours(body: Hours | None) -> dict[str, Any]:
        """Work by banking hours and days from now on, or, with `null`, never close."""
        calendar = Calendar(body.opens, body.cut_off, body.day_end, frozenset(body.closed)) if body else None
        hours.keep_hours(bank, calendar)
        return {"calendar": body.model_dump(mode="json") if body else None}

    return router


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    days, hours_, minutes, seconds = (int(part or 0) for part in (found.groups() if found else ()))
    return timedelta(days=days, hours=hours_, minutes=minutes, seconds=seconds)


def _faults(outage: Outage, chance: Chance) -> APIRouter:
    router = APIRouter()

    @router.post("/outage")
    def switch_outage(body: OutageSwitch) -> dict[str, bool]:
        """Disturb the customers' channel (at first: 503), or let it work again."""
        if not body.on:
            outage.end()
        else:
            limits = {"seconds": body.seconds, "requests": body.requests}
            outage.start(body.how, **{name: limit for name, limit in limits.items() if limit is not None})
        return {"on": outage.on}

    @router.post("/chances")
    def take_chances(body: ChanceSwitch) -> dict[str, Any]:
        """Disturb requests at random under a seed, until healed."""
        chance.take(Chances(**body.model_dump()))
        return body.model_dump()

    return router


def _keys(bank: Bank, keys: BankKeys) -> APIRouter:
    router = APIRouter()

    @router.post("/keys/rotation")
    def rotate(body: Rotation) -> dict[str, Any]:
        """Sign with a new key from now on."""
        keys.rotate(body.overlap)
        return keys.jwks()

    @router.post("/keys/skew")
    def skew(body: Skew) -> dict[str, float]:
        """Let signatures be dated wrong."""
        keys.skew(body.seconds)
        return {"seconds": body.seconds}

    @router.put("/callback-address")
    def tell(body: Address) -> dict[str, Any]:
        """Tell of every change there from now on, or nobody."""
        with bank.database.transaction() as db:
            settings.write(db, callbacks.ADDRESS, body.url)
        return body.model_dump()

    return router


def _truth(bank: Bank) -> APIRouter:
    router = APIRouter()

    @router.get("/truth")
    def read_truth(since: AwareDatetime | None = None) -> dict[str, list[dict[str, Any]]]:
        """Return what really happened with each payment of the files received since an instant."""
        return {"payments": payments.truth(bank, since)}

    @router.get("/payments")
    def read_payments(after: int = 0, limit: Annotated[int, Query(ge=1, le=10_000)] = 5_000) -> dict[str, Any]:
        """Return what the book holds of each payment, in pieces: those after a number."""
        return {"payments": payments.booked(bank, after, limit)}

    @router.get("/callbacks")
    def read_callbacks() -> dict[str, Any]:
        """Return the callbacks that were noted, in order."""
        return {"callbacks": callbacks.sent(bank)}

    @router.get("/book")
    def read_book() -> dict[str, Any]:
        """Return the trial balance: every account in VND, their total, and whether the whole book agrees."""
        with bank.database.transaction() as db:
            return asdict(book.trial_balance(db))

    return router
