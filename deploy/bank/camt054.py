"""Writing advices (camt.054.001.08): the payments of which a statement books a block in one sum."""

from deploy.bank.camt053 import Statement, add_account, add_batch, add_details, add_entry, as_shown
from deploy.bank.elements import Message, local

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"


def write(statement: Statement, number: int) -> bytes:
    """Return the details of a statement's batches as the account's advice of that number."""
    message = Message(NAMESPACE, "BkToCstmrDbtCdtNtfctn")
    header = message.add(message.body, "GrpHdr")
    message.add(header, "MsgId", f"{statement.id}-ADV")
    message.add(header, "CreDtTm", local(statement.closed_at))
    body = message.add(message.body, "Ntfctn")
    message.add(body, "Id", f"{statement.id}-ADV")
    message.add(body, "ElctrncSeqNb", number)
    message.add(body, "CreDtTm", local(statement.closed_at))
    add_account(message, body, statement)
    for ordinal, (entry, parts) in enumerate(as_shown(statement.entries), start=1):
        if len(parts) > 1:
            element = message.add(add_entry(message, body, ordinal, entry), "NtryDtls")
            add_batch(message, element, parts)
            for part in parts:
                add_details(message, element, part)
    return message.serialise()
