"""The benefits service: its routes, what it listens to, and its work with the bank."""

from collections.abc import Iterable

from fastapi import FastAPI

from services.benefits.beneficiaries.consumers import BENEFICIARIES
from services.benefits.beneficiaries.store import homes
from services.benefits.cash.api import ROUTERS as CASH_ROUTERS
from services.benefits.cash.api.awards import AWARD_ENDING
from services.benefits.cash.checks import CASH_CHECKS
from services.benefits.cash.consumers import MERGED_PEOPLE
from services.benefits.cash.store.applications import APPLICATION
from services.benefits.ledger.api import ALLOTMENT, ledger_router
from services.benefits.ledger.checks import LEDGER_CHECKS
from services.benefits.ledger.watch import BooksWatch
from services.benefits.loans.api import LOAN_REPORTS, loans_router, take_again
from services.benefits.loans.checks import LOAN_CHECKS
from services.benefits.loans.store import KIND as LOAN_REPORT
from services.benefits.pages import desk_router
from services.benefits.payments.api.account_checks import ACCEPTANCE
from services.benefits.payments.api.account_checks import router as account_checks_router
from services.benefits.payments.api.accounts import PAYER_ACCOUNT, accounts_router
from services.benefits.payments.api.arrivals import ARRIVAL
from services.benefits.payments.api.arrivals import router as arrivals_router
from services.benefits.payments.api.bank_messages import BY_HAND, bank_messages_router
from services.benefits.payments.api.by_hand import by_hand_router
from services.benefits.payments.api.callbacks import callback_router
from services.benefits.payments.api.channels import CHANNEL_RELEASE
from services.benefits.payments.api.channels import router as channels_router
from services.benefits.payments.api.checks_by_hand import CHECKS_BY_HAND
from services.benefits.payments.api.checks_by_hand import router as checks_by_hand_router
from services.benefits.payments.api.months import router as months_router
from services.benefits.payments.api.orders import router as orders_router
from services.benefits.payments.api.outcomes import FILE_OUTCOME, ORDER_CANCELLATION, UNPAID
from services.benefits.payments.api.outcomes import router as outcomes_router
from services.benefits.payments.api.paid_lists import PAID_LIST
from services.benefits.payments.api.paid_lists import router as paid_lists_router
from services.benefits.payments.api.recalls import RECALL
from services.benefits.payments.api.recalls import router as recalls_router
from services.benefits.payments.api.recoveries import BANK_RECOVERY, FORGOTTEN_PAYMENT, JOINING
from services.benefits.payments.api.recoveries import router as recoveries_router
from services.benefits.payments.api.runs import router as runs_router
from services.benefits.payments.api.shared_accounts import SHARING
from services.benefits.payments.api.shared_accounts import router as shared_accounts_router
from services.benefits.payments.api.suspense import SUSPENSE
from services.benefits.payments.api.suspense import router as suspense_router
from services.benefits.payments.api.tracing import router as tracing_router
from services.benefits.payments.bank.certificates import CertificatesWatch
from services.benefits.payments.bank.channels import Connection, connections, ends_of
from services.benefits.payments.checks import PAYMENT_CHECKS
from services.benefits.payments.iso20022.reading import LARGEST_MESSAGE
from services.benefits.payments.iso20022.schemas import check_schemas
from services.benefits.payments.store.runs import PAYMENT_RUN
from services.benefits.payments.workers import bank_workers
from services.benefits.programmes.api import router as programmes_router
from services.benefits.settings import BANK, BenefitsSettings
from shared.approvals.api import Operation
from shared.http.health import Check
from shared.http.problems import Problem
from shared.service import ServiceDefinition, build_app
from shared.settings import ServiceSettings
from shared.workers import Worker

CHECKS = (*LEDGER_CHECKS, *PAYMENT_CHECKS, *CASH_CHECKS, *LOAN_CHECKS)
OPERATIONS = (
    ALLOTMENT,
    PAYER_ACCOUNT,
    RECALL,
    ARRIVAL,
    CHANNEL_RELEASE,
    BANK_RECOVERY,
    FORGOTTEN_PAYMENT,
    JOINING,
    FILE_OUTCOME,
    UNPAID,
    ORDER_CANCELLATION,
    SUSPENSE,
    PAID_LIST,
    AWARD_ENDING,
    ACCEPTANCE,
    CHECKS_BY_HAND,
    SHARING,
    Operation(
        APPLICATION,
        "applications.read",
        "applications.decide",
        approved_at="/benefits/v1/applications/{subject}/decision",
    ),
    Operation(PAYMENT_RUN, "payments.read", "runs.approve", approved_at="/benefits/v1/runs/{subject}/approval"),
)
CONSTRAINTS = {
    "fund_pkey": Problem(409, "fund_exists"),
    "contribution_once": Problem(409, "contribution_exists"),
    "payer_account_pkey": Problem(409, "payer_account_exists"),
    "payer_account_number_once": Problem(409, "payer_account_exists"),
    "one_open_recall": Problem(409, "recall_open"),
    "one_live_award": Problem(409, "award_exists"),
    "one_open_run": Problem(409, "run_being_prepared"),
    "month_closed_once": Problem(409, "month_closed"),
    "one_live_instruction": Problem(409, "proposal_not_open"),
}


def _workers(connected: Iterable[Connection], poll: float) -> tuple[Worker, ...]:
    return tuple(
        worker
        for each in connected
        for worker in bank_workers(each.adapter, timeout=each.timeout, poll=poll, exceptions_only=each.exceptions_only)
    )


def definition(settings: BenefitsSettings) -> ServiceDefinition:
    """Return what the service is made of. Without a bank it sends nothing and asks nothing."""
    watch = BooksWatch(CHECKS)
    check_schemas()
    banks = {bank.code: bank for bank in settings.known_banks()}
    connected = connections(list(banks.values()))
    certificates = CertificatesWatch({code: ends_of(bank, connected.get(code)) for code, bank in banks.items()})
    signings = {code: each.signing for code, each in connected.items() if each.signing is not None}
    return ServiceDefinition(
        name="benefits",
        title="Ansinh – Trợ giúp và chi trả",
        routers=[
            programmes_router,
            *CASH_ROUTERS,
            runs_router,
            orders_router,
            arrivals_router,
            channels_router,
            outcomes_router,
            paid_lists_router,
            suspense_router,
            account_checks_router,
            checks_by_hand_router,
            shared_accounts_router,
            months_router,
            tracing_router,
            recoveries_router,
            accounts_router(
                banks, certificates.ends_of, bank=BANK, url=settings.bank_url, simulated=settings.bank_simulated
            ),
            bank_messages_router(banks, {LOAN_REPORT: take_again}),
            by_hand_router(banks),
            recalls_router,
            loans_router(banks),
            ledger_router(CHECKS),
        ],
        operations=OPERATIONS,
        homes=homes(),
        consumers=[BENEFICIARIES, MERGED_PEOPLE],
        workers=(
            *_workers(connected.values(), settings.bank_poll),
            Worker("benefits.books", watch.step, settings.books_every),
        ),
        checks=[Check("books", watch.probe), Check("bank_certificates", certificates.probe)],
        collectors=[watch, certificates],
        pages=[callback_router(signings), desk_router()],
        constraints=CONSTRAINTS,
        body_limits={BY_HAND: LARGEST_MESSAGE, LOAN_REPORTS: LARGEST_MESSAGE},
    )


def build(settings: ServiceSettings) -> FastAPI:
    """Return the service's app; settings of its own come from `ANSINH_…` variables unless they are given."""
    own = settings
    if not isinstance(own, BenefitsSettings):
        own = BenefitsSettings(**settings.model_dump())
    return build_app(definition(own), own)
