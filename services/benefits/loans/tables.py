"""What the Social Policy Bank reports of loans."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field

from services.benefits.metadata import Table


class LoanMovement(Table, table=True):
    """A line of a report: money lent, money that came back, or nobody who came for it. `amount` is VND.

    `household_id` is None until the registry tells of whoever it is; the report itself is kept, sealed.
    """

    __tablename__ = "loan_movement"
    __table_args__ = (
        CheckConstraint("kind IN ('disbursed', 'repaid', 'returned', 'absent')", name="kind_known"),
        CheckConstraint("amount > 0", name="amount_vnd"),
        Index("loan_movement_by_household", "household_id"),
        Index("loan_movement_by_contract", "contract"),
    )

    message: UUID = Field(primary_key=True, foreign_key="bank_message.id")
    ordinal: int = Field(primary_key=True)
    payer_account: str = Field(foreign_key="payer_account.code")
    contract: str
    kind: str
    amount: int = Field(sa_type=BigInteger)
    on: date
    channel: str | None = None
    point: str | None = None
    area_code: str
    household_id: UUID | None = None
    person_id: UUID | None = None
