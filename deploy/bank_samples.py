"""The samples of `docs/bank/samples`: right messages of both sides, and payment files made wrong in one place each.

Ours are written by benefits, the bank's by the simulated bank, always the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from deploy.bank import accounts, cancellations, hours, payments, statements
from deploy.bank.accounts import Registration
from deploy.bank.app import open_bank
from deploy.bank.store import Terms
from services.benefits.payments.domain.identifiers import end_to_end_id, message_id
from services.benefits.payments.iso20022 import camt055, pain001
from services.benefits.payments.iso20022.camt055 import Recall
from services.benefits.payments.iso20022.pain001 import Debtor, PaymentFile, Transfer
from shared.clock import VIETNAM

PAYER = "1900999988887777"
_DAY = date(2026, 11, 23)
_SEALED = datetime(2026, 11, 23, 1, 15, tzinfo=UTC)
_DEBTOR = Debtor("Sở Y tế tỉnh Mẫu", PAYER, "970405")
_BANK_DAY = 86_400


@dataclass(frozen=True)
class Mutation:
    """The first sample with `old` replaced by `new` where it stands first; `code` is why a bank refuses it."""

    name: str
    old: str
    new: str
    code: str


MUTATIONS = (
    Mutation("control-sum", "<CtrlSum>2250000</CtrlSum>", "<CtrlSum>9999999</CtrlSum>", "AM10"),
    Mutation("count", "<NbOfTxs>3</NbOfTxs>", "<NbOfTxs>7</NbOfTxs>", "AM19"),
    Mutation("decimals", ">750000</InstdAmt>", ">750000.50</InstdAmt>", "CH20"),
    Mutation("exponent", ">750000</InstdAmt>", ">75E+4</InstdAmt>", "AM12"),
    Mutation("currency", '<InstdAmt Ccy="VND">', '<InstdAmt Ccy="XYZ">', "AM11"),
    Mutation("diacritics", "<Nm>DANG VAN DUC</Nm>", "<Nm>ĐẶNG VĂN ĐỨC</Nm>", "RR10"),
    Mutation("purpose", "<Purp><Cd>SSBE</Cd></Purp>", "<Purp><Cd>GRNT</Cd></Purp>", "FF07"),
    Mutation("end-to-end-id-long", "<EndToEndId>", "<EndToEndId>AAAAAAAAAA", "FF08"),
    Mutation("uetr-version", "-4000-8000-000000000001", "-7000-8000-000000000001", "CH16"),
    Mutation("doctype", "<Document ", "<!DOCTYPE Document><Document ", "FF01"),
)


def _transfers(attempt: int) -> list[Transfer]:
    people = (
        ("DANG VAN DUC", "970436", "3120205123456"),
        ("H'Hen Niê", "970405", "2200205123456"),
        ("Lò Văn Pả", "970405", "2200205190104"),
    )
    return [
        Transfer(
            end_to_end_id(UUID(int=number), "2026-11", "monthly", attempt),
            UUID(f"0a1b2c3d-000{attempt}-4000-8000-{number:012d}"),
            750_000,
            bin_,
            account,
            name,
        )
        for number, (name, bin_, account) in enumerate(people, start=1)
    ]


def payment_file(number: int = 1) -> PaymentFile:
    """Return what the first or second payment file among the samples says: the last of three accounts is closed."""
    return PaymentFile(
        message_id=message_id("TINHMAU-01", _SEALED.astimezone(VIETNAM) + number * timedelta(seconds=1)),
        created_at=_SEALED,
        execution_date=_DAY,
        debtor=_DEBTOR,
        purpose="SSBE",
        category_purpose="SSBE",
        narrative="TRO CAP XA HOI T11/2026",
        transfers=_transfers(number),
    )


def samples() -> Mapping[str, bytes]:
    """Return every sample by the name of its file."""
    file = payment_file()
    body = pain001.write(file)
    mutated = {f"mutated/{one.name}.{one.code}.xml": _mutate(body, one) for one in MUTATIONS}
    ours = {"pain001.xml": body, "pain001-second.xml": pain001.write(payment_file(2))}
    return ours | _answered(file, body) | mutated


def _mutate(body: bytes, mutation: Mutation) -> bytes:
    text = body.decode()
    if mutation.old not in text:
        raise AssertionError(f"{mutation.name}: the sample has no {mutation.old!r}")
    return text.replace(mutation.old, mutation.new, 1).encode()


def _answered(file: PaymentFile, body: bytes) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        bank = open_bank(Path(folder), Terms(day=_BANK_DAY), lambda: _SEALED + timedelta(minutes=5))
        accounts.register(bank, Registration(PAYER, bank.terms.bin, "SO Y TE TINH MAU", 5_000_000, "open"))
        payments.submit(bank, file.message_id, body)
        hours.do_due(bank)
        report = payments.status_report(bank, file.message_id)
        recall = camt055.write(_recall(file))
        cancellations.request(bank, "TINHMAU-01-CXL-0001", recall)
        resolution = cancellations.answer(bank, "TINHMAU-01-CXL-0001")
        statements.book_in_batches(bank, PAYER, batches=True)
        batched = statements.close(bank, PAYER).sequence
        found = {
            "pain002.xml": report,
            "camt055.xml": recall,
            "camt029.xml": resolution,
            "camt053-batch.xml": statements.statement(bank, PAYER, batched),
            "camt054.xml": statements.advice(bank, PAYER, 1),
        }
        with bank.database.transaction() as db:
            db.execute("DELETE FROM disguise")  # the same statement of a bank that books one by one
        found["camt053.xml"] = statements.statement(bank, PAYER, batched)
        bank.database.close()
    return {name: content for name, content in found.items() if content is not None}


def _recall(file: PaymentFile) -> Recall:
    first = file.transfers[0]
    return Recall(
        request_id="TINHMAU-01-CXL-0001",
        created_at=_SEALED + timedelta(hours=1),
        debtor=_DEBTOR.name,
        bank_bin=_DEBTOR.bank_bin,
        message_id=file.message_id,
        end_to_end_id=first.end_to_end_id,
        uetr=first.uetr,
        amount=first.amount,
        execution_date=file.execution_date,
        reason="DUPL",
    )
