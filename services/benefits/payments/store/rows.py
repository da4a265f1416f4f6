"""The Core tables of payments, and how their rows become what the rules and events speak of."""

from typing import Any

from sqlalchemy import Row

from services.benefits.ledger.domain.journal import Purpose
from services.benefits.metadata import core
from services.benefits.payments.domain.payees import Payee
from services.benefits.payments.tables import (
    BankChannel,
    BankMessage,
    BankSignature,
    BankStatement,
    MonthClosing,
    MonthLine,
    PayerAccount,
    PaymentFile,
    PaymentInstruction,
    PaymentOrder,
    PaymentRun,
    RunApproval,
    SendAttempt,
    StatementEntry,
)

payer_table = core(PayerAccount)
order_table = core(PaymentOrder)
run_table = core(PaymentRun)
file_table = core(PaymentFile)
attempt_table = core(SendAttempt)
instruction_table = core(PaymentInstruction)
message_table = core(BankMessage)
signature_table = core(BankSignature)
statement_table = core(BankStatement)
entry_table = core(StatementEntry)
channel_table = core(BankChannel)
approval_table = core(RunApproval)
closing_table = core(MonthClosing)
line_table = core(MonthLine)


def purpose_of(row: Row[Any]) -> Purpose:
    """Return the purpose of an order's money; the fiscal year is the calendar year of its month."""
    return Purpose(row.fund, row.programme, int(row.period[:4]))


def payee_of(row: Row[Any]) -> Payee:
    """Return where an order is paid to."""
    return Payee(row.bank_bin, row.account_number, row.holder_name)


# What every payment event says of its order.
EVENT_COLUMNS = (
    order_table.c.household_id,
    order_table.c.award_id,
    order_table.c.person_id,
    order_table.c.programme,
    order_table.c.area_code,
    order_table.c.period,
)


def event_fields(row: Row[Any]) -> dict[str, Any]:
    """Return the fields that every payment event has; the row has EVENT_COLUMNS, `order_id` and `amount`."""
    fields = {column.name: getattr(row, column.name) for column in EVENT_COLUMNS}
    return fields | {"order_id": row.order_id, "amount": row.amount}
