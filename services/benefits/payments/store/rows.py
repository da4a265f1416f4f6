"""The Core tables of payments, and how their rows become what the rules and events speak of."""

from typing import Any, TypeVar

from sqlalchemy import Row, Select

from services.benefits.accounts.store import COLUMNS, account_table, opened
from services.benefits.ledger.domain.journal import Purpose
from services.benefits.metadata import core
from services.benefits.payments.bank_tables import (
    BankAdviceLine,
    BankMessage,
    BankMessageLine,
    BankRecovery,
    BankSignature,
    BankStatement,
    RecoveredFile,
    RecoveredPayment,
    StatementEntry,
)
from services.benefits.payments.domain.payees import Payee
from services.benefits.payments.tables import (
    AccountCheck,
    BankChannel,
    MonthClosing,
    MonthLine,
    PayerAccount,
    PaymentFile,
    PaymentInstruction,
    PaymentOrder,
    PaymentRecall,
    PaymentRun,
    RunApproval,
    SendAttempt,
    SharedAccount,
    SuspenseClearing,
)
from shared.encryption import SealedTable
from shared.keys import Keys

Query = TypeVar("Query", bound=Select[Any])

payer_table = core(PayerAccount)
order_table = core(PaymentOrder)
run_table = core(PaymentRun)
file_table = core(PaymentFile)
attempt_table = core(SendAttempt)
instruction_table = core(PaymentInstruction)
message_table = core(BankMessage)
message_line_table = core(BankMessageLine)
advice_table = core(BankAdviceLine)
recall_table = core(PaymentRecall)
signature_table = core(BankSignature)
recovery_table = core(BankRecovery)
recovered_table = core(RecoveredFile)
recovered_payment_table = core(RecoveredPayment)
statement_table = core(BankStatement)
entry_table = core(StatementEntry)
channel_table = core(BankChannel)
approval_table = core(RunApproval)
closing_table = core(MonthClosing)
line_table = core(MonthLine)
clearing_table = core(SuspenseClearing)
check_table = core(AccountCheck)
shared_table = core(SharedAccount)

FILE_CONTENT, MESSAGE_CONTENT = "payment_file.content", "bank_message.content"
COPY_CONTENT = "recovered_file.content"
CHECKED_HOLDER = "account_check.holder_name"
SEALED = (
    SealedTable(file_table, ("content",), row_id=("message_id",), at_once=10),
    SealedTable(message_table, ("content",), at_once=10),
    SealedTable(recovered_table, ("content",), row_id=("message_id",), at_once=10),
    SealedTable(check_table, ("holder_name",)),
)


def purpose_of(row: Row[Any]) -> Purpose:
    """Return the purpose of an order's money; the fiscal year is the calendar year of its month."""
    return Purpose(row.fund, row.programme, int(row.period[:4]))


def payee_of(row: Any, keys: Keys) -> Payee | None:
    """Return where an order is paid to, None while nobody knows. The row has PAYEE_COLUMNS. Raises CannotOpen."""
    account = opened(row, keys)
    return None if account is None else Payee(account.bank_bin, account.number, account.holder_name)


def with_payees(query: Query) -> Query:
    """Return a query of orders with PAYEE_COLUMNS, where each is paid to."""
    return query.outerjoin(account_table, account_table.c.id == order_table.c.account_id)


PAYEE_COLUMNS = (order_table.c.account_id, *COLUMNS)

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
