"""`docs/bank/codes.md` and `docs/bank/samples`, from the rules and the writers. `python -m deploy.bank_pages`."""

from collections import defaultdict
from pathlib import Path

from deploy.bank_samples import MUTATIONS, samples
from services.benefits.payments.domain.reasons import REASONS, ReasonClass, ReasonList
from services.benefits.payments.domain.states import InstructionState
from services.benefits.payments.domain.statuses import GROUP_ONLY, STATUS_CODES

FOLDER = Path(__file__).parents[1] / "docs" / "bank"

_STATES = {
    InstructionState.SENT: "the bank has it",
    InstructionState.ACCEPTED: "accepted, nothing booked",
    InstructionState.IN_EXECUTION: "being carried out; the money may have moved",
    InstructionState.REPORTED_SETTLED: "reported settled; **paid** only when a statement shows the debit",
    InstructionState.BLOCKED_AT_BANK: "the money is out, neither paid nor returned: a person asks the bank",
    InstructionState.REFUSED: "nothing is paid anew at this word alone: once statements through that day (or that of "
    "its execution, where it is later) show no debit it is REJECTED, its reservation is voided and the order goes "
    "where its reason says; with a settled status or a debit, before or after, it is RETURN_EXPECTED: the money must "
    "come back",
    InstructionState.REVOKED: "the same, then CANCELLED: the order is ready for another run",
}
_CLASSES = {
    ReasonClass.DATA: "the commune corrects the account; the order is held until the registry states another one",
    ReasonClass.NAME: "the commune compares the holder's name; held until corrected",
    ReasonClass.LIFE: "held for good until a person has looked whether the person lives; a new account changes nothing",
    ReasonClass.COMPLIANCE: "held until a person decides; a new account changes nothing",
    ReasonClass.ROUTE: "held; the directory of banks, or the account's bank, is corrected",
    ReasonClass.FUNDS: "the order is ready again; the treasurer sees to the money",
    ReasonClass.LIMIT: "held; never split by itself, a person decides",
    ReasonClass.DATE: "the order is ready again, for the next banking day",
    ReasonClass.DUPLICATE: "no failure: the original is asked for; nothing is sent anew",
    ReasonClass.OURS: "our file or setting was wrong: the order is ready again, the operators mend it first",
    ReasonClass.REVIEW: "kept as it came and shown to a person; nothing is tried again by itself",
}
_LISTS: dict[ReasonList, str] = {"status": "Reasons in a pain.002", "return": "Reasons of a return (`RtrInf`)"}


def codes_page() -> str:
    """Return the mapping of every code that we know."""
    lines = [
        "# What we make of each code",
        "",
        "Written from `services/benefits/payments/domain` by `python -m deploy.bank_pages`; a test compares.",
        "",
        "A code that is not here is kept as it came and shown to a person. It moves no money and repeats no payment.",
        "",
        "## Statuses of a payment",
        "",
        "A report changes an attempt only by a code of higher rank, or a final one; reports may come twice and in any",
        f"order. `{GROUP_ONLY}` is a status of groups alone and says nothing of any payment in it.",
        "",
        "| code | rank | our state | meaning |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{code}` | {meaning.rank} | {meaning.state} | {_STATES[meaning.state]} |"
        for code, meaning in STATUS_CODES.items()
    ]
    for source, title in _LISTS.items():
        lines += ["", f"## {title}", "", "| codes | class | what we do |", "| --- | --- | --- |"]
        by_class: dict[ReasonClass, list[str]] = defaultdict(list)
        for code, reason in REASONS[source].items():
            by_class[reason].append(f"`{code}`")
        by_class[ReasonClass.REVIEW].append("any other")
        lines += [
            f"| {' '.join(by_class[reason])} | {reason} | {_CLASSES[reason]} |"
            for reason in ReasonClass
            if by_class[reason]
        ]
    lines += [
        "",
        "## Files that a bank must refuse",
        "",
        "Each is `samples/pain001.xml` with one thing wrong; most are valid by the schema. We refuse to seal them too.",
        "",
        "| sample | reason |",
        "| --- | --- |",
    ]
    lines += [f"| `samples/mutated/{one.name}.{one.code}.xml` | `{one.code}` |" for one in MUTATIONS]
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, bytes]:
    """Return what each generated file under `docs/bank` holds."""
    found = {FOLDER / "samples" / name: content for name, content in samples().items()}
    return found | {FOLDER / "codes.md": codes_page().encode()}


def main() -> None:
    """Write the pages."""
    for file, content in pages().items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    main()
