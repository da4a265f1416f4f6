"""Events of benefit disbursement. Amounts are integer VND; `period` is a month, `2026-11`."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.contract import HouseholdEvent, Kind

AccountVerdict = Literal["match", "close", "no_match", "not_checkable"]


class AwardGranted(HouseholdEvent):
    """An application was approved: the person receives the monthly amount in each month of the award."""

    TYPE: ClassVar[str] = "vn.ansinh.benefits.award.granted.v1"
    TOPIC: ClassVar[str] = "benefits.awards"
    KIND: ClassVar[Kind] = "fact"

    award_id: UUID
    application_id: UUID
    person_id: UUID
    programme: str
    area_code: str
    monthly_amount: int
    first_month: str
    last_month: str | None
    granted_on: date


class AwardEnded(HouseholdEvent):
    """An award ended early: nothing is due for months after `last_month`, which may be before its first."""

    TYPE: ClassVar[str] = "vn.ansinh.benefits.award.ended.v1"
    TOPIC: ClassVar[str] = "benefits.awards"
    KIND: ClassVar[Kind] = "fact"

    award_id: UUID
    person_id: UUID
    programme: str
    area_code: str
    last_month: str
    reason: str
    ended_on: date


class _PaymentEvent(HouseholdEvent):
    TOPIC: ClassVar[str] = "benefits.payments"
    KIND: ClassVar[Kind] = "fact"

    order_id: UUID
    award_id: UUID
    person_id: UUID
    programme: str
    area_code: str
    period: str
    amount: int


class PaymentOrdered(_PaymentEvent):
    """The obligation: this person is owed this amount for this month."""

    TYPE: ClassVar[str] = "vn.ansinh.benefits.payment.ordered.v1"


class PaymentSettled(_PaymentEvent):
    """The bank's statement shows the debit booked: the person was paid."""

    TYPE: ClassVar[str] = "vn.ansinh.benefits.payment.settled.v1"

    settled_on: date


class PaymentRejected(_PaymentEvent):
    """The bank refused the instruction before any debit; the order is still owed."""

    TYPE: ClassVar[str] = "vn.ansinh.benefits.payment.rejected.v1"

    reason: str


class PaymentReturned(_PaymentEvent):
    """Money that had been debited came back on the statement; the order is owed again."""

    TYPE: ClassVar[str] = "vn.ansinh.benefits.payment.returned.v1"

    reason: str
    returned_on: date


class AccountChecked(HouseholdEvent):
    """A bank was asked whose a person's account is; or two people took a name that differs for the payee's."""

    TYPE: ClassVar[str] = "vn.ansinh.benefits.account.checked.v1"
    TOPIC: ClassVar[str] = "benefits.payments"
    KIND: ClassVar[Kind] = "fact"

    person_id: UUID
    person_version: int = Field(description="of the person as stated with that account")
    bank: str = Field(description="code of the bank that was asked")
    verdict: AccountVerdict
    reason: str | None = Field(default=None, description="ISO 20022 code, or the bank's own")
    accepted: bool = False
    checked_at: datetime
