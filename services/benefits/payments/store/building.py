"""What a sealed file says: a pain.001 to a bank, or to a cash point the list of whom it pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.benefits.payments.bank import cash_lists
from services.benefits.payments.bank.cash_lists import CashLine, CashList
from services.benefits.payments.iso20022.pain001 import Debtor, PaymentFile, Transfer, write
from services.benefits.payments.iso20022.profile import findings
from services.benefits.payments.iso20022.schemas import schema_findings
from services.benefits.payments.store.rows import payee_of
from shared.keys import Keys


class FileRefused(Exception):
    """A written file breaks our own profile; nothing was sealed."""


@dataclass(frozen=True)
class Wording:
    """How a programme's payments are described to banks: ISO 20022 external codes, a text without personal data."""

    purpose: str
    category_purpose: str
    narrative: str


@dataclass(frozen=True)
class Attempt:
    """An attempt to pay an order (its row with the payee), under ids of its own."""

    order: Row[Any]
    end_to_end_id: str
    uetr: UUID


@dataclass(frozen=True)
class Heading:
    """What a file says beside its attempts. `payer` is the row of the payer account."""

    message_id: str
    created_at: datetime
    execution_date: date
    payer: Row[Any]
    wording: Wording


def built(heading: Heading, attempts: Sequence[Attempt], keys: Keys) -> bytes:
    """Return a file as it is sealed. Takes long for thousands: not for the event loop.

    Raises:
        FileRefused: what we wrote breaks our profile, or the official schema where there is one.
    """
    return _cash_list(heading, attempts) if heading.payer.in_cash else _pain001(heading, attempts, keys)


def _pain001(heading: Heading, attempts: Sequence[Attempt], keys: Keys) -> bytes:
    payer, wording = heading.payer, heading.wording
    content = write(
        PaymentFile(
            message_id=heading.message_id,
            created_at=heading.created_at,
            execution_date=heading.execution_date,
            debtor=Debtor(payer.holder, payer.number, payer.bin),
            purpose=wording.purpose,
            category_purpose=wording.category_purpose,
            narrative=wording.narrative,
            transfers=[_transfer(one, keys) for one in attempts],
        )
    )
    if findings(content) or schema_findings("pain.001.001.09", content):
        raise FileRefused
    return content


def _transfer(one: Attempt, keys: Keys) -> Transfer:
    payee = payee_of(one.order, keys)
    if payee is None:
        raise FileRefused
    amount = one.order.amount
    return Transfer(one.end_to_end_id, one.uetr, amount, payee.bank_bin, payee.account_number, payee.holder_name)


def _cash_list(heading: Heading, attempts: Sequence[Attempt]) -> bytes:
    lines = tuple(
        CashLine(one.end_to_end_id, one.order.full_name, one.order.birth_date, one.order.area_code, one.order.amount)
        for one in attempts
    )
    listed = CashList(heading.message_id, heading.payer.number, heading.execution_date, lines)
    content = cash_lists.write(listed)
    if cash_lists.read(content) != listed:
        raise FileRefused
    return content
