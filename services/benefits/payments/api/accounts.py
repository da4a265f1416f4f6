"""Payer accounts, and which bank is behind them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.benefits.ledger.store import fund_exists
from services.benefits.payments.bank.certificates import Proof, ends_soon
from services.benefits.payments.bank.channels import Bank, CashPointChannel
from services.benefits.payments.domain.payees import masked
from services.benefits.payments.store import accounts
from shared import clock
from shared.approvals import Draft, Proposal, propose
from shared.approvals.api import Operation, ProposalOut, proposal_out
from shared.db import Transaction
from shared.http.access import needs
from shared.http.actor import Actor
from shared.http.audit import About
from shared.http.idempotency import IDEMPOTENT
from shared.http.problems import Problem
from shared.http.router import Router
from shared.http.transactions import Tx
from shared.text import clean


class PayerIn(BaseModel):
    """An account that pays. `code` becomes part of the files' ids; `bin` is the NAPAS number of its bank."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^[A-Z0-9](?:[A-Z0-9-]{0,13}[A-Z0-9])$", examples=["PHUTHO-01"])
    bank: str = Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$", examples=["simbank"])
    bin: str = Field(pattern=r"^\d{6}$", examples=["970405"])
    number: str = Field(pattern=r"^[A-Z0-9]{6,19}$", examples=["1900999988887777"])
    holder: str = Field(min_length=1, max_length=70, examples=["Sở Y tế tỉnh Phú Thọ"])
    fund: str = Field(examples=["STATE_PROVINCE"])
    area_code: str | None = Field(default=None, description="the commune that pays from it, and in it alone")


class PayerOut(BaseModel):
    """A payer account; `reconciled_closing` (VND) is the balance at the end of the last statement booked."""

    code: str
    bank: str
    bin: str
    account: str | None
    holder: str
    fund: str
    area_code: str | None = None
    in_cash: bool = Field(description="pays people without an account, by a list")
    reconciled_sequence: int | None = None
    reconciled_closing: int | None = None


class BankOut(BaseModel):
    """Which bank is connected. `url` is given only of the simulated one."""

    bank: str
    connected: bool
    simulated: bool
    url: str | None = None


def _out(row: Any) -> PayerOut:
    return PayerOut.model_validate(dict(row._mapping) | {"account": masked(row.number)})


async def _register(session: Transaction, proposal: Proposal, actor: str, now: datetime) -> None:  # noqa: ARG001
    row = dict(proposal.draft.content) | {"created_by": proposal.prepared_by}
    await accounts.add_payer(session, row)


def _shown(content: Mapping[str, Any]) -> dict[str, Any]:
    return dict(content) | {"number": masked(content["number"])}


PAYER_ACCOUNT = Operation("payer-account", "funds.read", "funds.approve", apply=_register, shown=_shown)


class ProofOut(BaseModel):
    """What a bank and we know each other by, and when it ends: after that nothing is sent or believed."""

    proof: Proof
    until: datetime
    ends_soon: bool


class KnownBankOut(BaseModel):
    """A bank that payer accounts may be at, and how it is reached."""

    code: str
    name: str
    channel: str = Field(examples=["http", "sftp", "manual"])
    proofs: list[ProofOut]


EndsOf = Callable[[str], Mapping[Proof, datetime]]


def _known(bank: Bank, ends: Mapping[Proof, datetime]) -> KnownBankOut:
    now = clock.now()
    proofs = [ProofOut(proof=proof, until=end, ends_soon=ends_soon(end, now)) for proof, end in ends.items()]
    return KnownBankOut(code=bank.code, name=bank.name, channel=bank.channel.kind, proofs=proofs)


def accounts_router(
    banks: Mapping[str, Bank], ends_of: EndsOf, *, bank: str, url: str | None, simulated: bool
) -> Router:
    """Return the routes; `banks` are those that are known, `ends_of` says how long each is known by what it shows.

    The other arguments tell of the one at a URL.
    """
    router = Router(prefix="/benefits/v1", tags=["accounts"])

    @router.post("/payer-accounts", status_code=201, dependencies=[needs("funds.prepare"), IDEMPOTENT])
    async def propose_payer_account(tx: Tx, actor: Actor, about: About, body: PayerIn) -> ProposalOut:
        """Propose an account that pays for a fund; it pays once another person has approved it."""
        if body.bank not in banks:
            raise Problem(422, "bank_code_unknown")
        if not await fund_exists(tx, body.fund):
            raise Problem(422, "fund_unknown")
        if await accounts.payer(tx, body.code) is not None:
            raise Problem(409, "payer_account_exists")
        about.one("payer_account", body.code)
        in_cash = isinstance(banks[body.bank].channel, CashPointChannel)
        content = body.model_dump() | {"holder": clean(body.holder), "in_cash": in_cash}
        draft = Draft(PAYER_ACCOUNT.kind, body.code, content)
        return proposal_out("benefits", PAYER_ACCOUNT, await propose(tx, draft, actor=actor, now=clock.now()))

    @router.get("/payer-accounts", dependencies=[needs("funds.read")])
    async def list_payer_accounts(tx: Tx) -> list[PayerOut]:
        """List the accounts that pay."""
        return [_out(row) for row in await accounts.payers(tx)]

    @router.get("/bank", dependencies=[needs("reference.read")])
    async def get_bank() -> BankOut:
        """Say which bank is connected, and whether its money is only simulated."""
        return BankOut(bank=bank, connected=url is not None, simulated=simulated, url=url if simulated else None)

    @router.get("/banks", dependencies=[needs("reference.read")])
    async def list_banks() -> list[KnownBankOut]:
        """List the banks that payer accounts may be at."""
        return [_known(each, ends_of(each.code)) for each in banks.values()]

    return router
