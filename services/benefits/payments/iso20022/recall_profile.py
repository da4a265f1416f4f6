"""What a bank refuses of a camt.055 though the schema allows it: one attempt, named whole, as our pain.001 named it."""

from services.benefits.payments.domain.payees import LONGEST_NAME
from services.benefits.payments.iso20022.camt055 import NAMESPACE, REASONS
from services.benefits.payments.iso20022.forms import (
    BANK_BIN,
    IDENTIFIER,
    ULID,
    UUID4,
    VND,
    has_form,
    is_bank_text,
    is_date,
    is_instant,
)
from services.benefits.payments.iso20022.reading import Reader, Unreadable, parse

_read = Reader(NAMESPACE)


def recall_findings(raw: bytes) -> list[str]:
    """Return what is wrong with a camt.055 of ours, empty when it may go out; it quotes no value."""
    try:
        message = parse(raw, NAMESPACE, "CstmrPmtCxlReq")
    except Unreadable as error:
        return [str(error)]
    cancelled = _read.all(message, "Undrlyg/OrgnlPmtInfAndCxl/TxInf")
    if len(cancelled) != 1:
        return ["not exactly one attempt"]
    block = _read.all(message, "Undrlyg/OrgnlPmtInfAndCxl")[0]
    [attempt] = cancelled
    request_id = _read.text(message, "Assgnmt/Id")
    original = _read.text(block, "OrgnlGrpInf/OrgnlMsgId")
    end_to_end_id = _read.text(attempt, "OrgnlEndToEndId")
    amount = _read.first(attempt, "OrgnlInstdAmt")
    wanted = {
        "Assgnmt/Id": has_form(IDENTIFIER, request_id),
        "CxlId": _read.text(attempt, "CxlId") == request_id,
        "Assgnr": is_bank_text(_read.text(message, "Assgnmt/Assgnr/Pty/Nm"), LONGEST_NAME),
        "Assgne": has_form(BANK_BIN, _read.text(message, "Assgnmt/Assgne/Agt/FinInstnId/ClrSysMmbId/MmbId")),
        "CreDtTm": is_instant(_read.text(message, "Assgnmt/CreDtTm")),
        "OrgnlMsgId": has_form(IDENTIFIER, original),
        "OrgnlMsgNmId": _read.text(block, "OrgnlGrpInf/OrgnlMsgNmId") == "pain.001.001.09",
        "OrgnlPmtInfId": _read.text(block, "OrgnlPmtInfId") == f"{original}-01",
        "OrgnlEndToEndId": has_form(ULID, end_to_end_id),
        "OrgnlInstrId": _read.text(attempt, "OrgnlInstrId") == end_to_end_id,
        "OrgnlUETR": has_form(UUID4, _read.text(attempt, "OrgnlUETR")),
        "OrgnlInstdAmt": amount is not None and has_form(VND, amount.text),
        "OrgnlInstdAmt/Ccy": amount is not None and amount.get("Ccy") == "VND",
        "OrgnlReqdExctnDt": is_date(_read.text(attempt, "OrgnlReqdExctnDt/Dt")),
        "CxlRsnInf": _read.text(attempt, "CxlRsnInf/Rsn/Cd") in REASONS,
        "OrgnlTxRef": _read.first(attempt, "OrgnlTxRef") is None,  # whom it paid need not be told again
    }
    return [f"{name} is missing or wrong" for name, right in wanted.items() if not right]
