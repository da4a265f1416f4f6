"""All tables of the service, for its migrations."""

from services.benefits import turns
from services.benefits.accounts import tables as accounts
from services.benefits.beneficiaries import tables as beneficiaries
from services.benefits.cash import tables as cash
from services.benefits.ledger import tables as ledger
from services.benefits.loans import tables as loans
from services.benefits.metadata import metadata
from services.benefits.payments import bank_tables as banks
from services.benefits.payments import tables as payments

__all__ = ["accounts", "banks", "beneficiaries", "cash", "ledger", "loans", "metadata", "payments", "turns"]
