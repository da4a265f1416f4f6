"""`ansinh bank check`: the simulated bank's own book beside ours, payment by payment, to the đồng."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.acting import Acting
from deploy.client import Platform

_PAGE = 500
_NEVER_SENT = frozenset({"QUEUED", "SENDING", "UNKNOWN", "REJECTED", "CANCELLED"})

Say = Callable[[str], None]


class NotSimulated(Exception):
    """The bank behind the platform is a real one: nobody sees its book. One sentence."""


@dataclass(frozen=True)
class Ours:
    """What our book holds of an attempt: debited and returned in VND, as the bank's statements showed it."""

    message_id: str
    payer: str
    amount: int
    state: str
    debited: int
    returned: int


@dataclass(frozen=True)
class Theirs:
    """What the bank's book holds of a payment, in VND: all of it, and what closed statements show."""

    message_id: str
    account: str
    amount: int
    status: str
    debited: int
    returned: int
    shown_debited: int
    shown_returned: int


@dataclass
class Comparison:
    """What was compared. `differences` are sentences; `net` is what left each payer account, (ours, the bank's)."""

    compared: int = 0
    unshown: int = 0
    differences: list[str] = field(default_factory=list)
    net: dict[str, tuple[int, int]] = field(default_factory=dict)


def compare(ours: Mapping[str, Ours], theirs: Mapping[str, Theirs]) -> Comparison:
    """Compare two books by EndToEndId. What the bank booked and has not shown on a statement yet is only counted."""
    result = Comparison()
    net: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    payer_of = {one.message_id: one.payer for one in ours.values()}
    for id_ in sorted(ours.keys() | theirs.keys()):
        mine, bank = ours.get(id_), theirs.get(id_)
        result.compared += 1
        result.differences += [f"{id_}: {difference}" for difference in _differences(mine, bank)]
        if mine is not None:
            net[mine.payer][0] += mine.debited - mine.returned
        if bank is not None:
            payer = payer_of.get(bank.message_id, bank.account)
            net[payer][1] += bank.shown_debited - bank.shown_returned
            result.unshown += (bank.debited, bank.returned) != (bank.shown_debited, bank.shown_returned)
    result.net = {payer: (both[0], both[1]) for payer, both in sorted(net.items())}
    result.differences += [
        f"{payer}: {both[0]:,} đồng / {both[1]:,} đồng" for payer, both in result.net.items() if both[0] != both[1]
    ]
    return result


def _differences(mine: Ours | None, bank: Theirs | None) -> list[str]:
    if bank is None:
        if mine is None or (mine.state in _NEVER_SENT and not mine.debited):
            return []
        return [f"ngân hàng không có ({mine.state}) / unknown to the bank"]
    if mine is None:
        paid = f"{bank.shown_debited - bank.shown_returned:,}"
        return [f"ta không có, ngân hàng đã chi {paid} đồng / unknown to us, {paid} VND left the account"]
    found = []
    if mine.amount != bank.amount:
        found.append(f"số tiền {mine.amount:,} / {bank.amount:,} / the amounts differ")
    if (mine.debited, mine.returned) != (bank.shown_debited, bank.shown_returned):
        found.append(
            f"ta ghi chi {mine.debited:,}, hoàn {mine.returned:,}; ngân hàng chi {bank.shown_debited:,}, "
            f"hoàn {bank.shown_returned:,} ({mine.state}/{bank.status}) / paid and returned differ"
        )
    return found


async def check(client: httpx.AsyncClient, acting: Acting, reader: str, say: Say) -> bool:
    """Compare the books of a platform and its simulated bank; say what differs and return whether nothing does.

    Raises:
        NotSimulated: the bank is a real one, or none is connected.
        Refused, NotSignedIn, httpx.HTTPError: the platform or the bank does not answer as it should.
    """
    platform = Platform(client, acting, reader=reader)
    bank = await platform.get("/benefits/v1/bank")
    if not bank["simulated"] or not bank.get("url"):
        raise NotSimulated(
            "Ngân hàng không phải mô phỏng: sổ của họ là của họ. / The bank is not simulated: its book is its own."
        )
    async with httpx.AsyncClient(base_url=bank["url"], timeout=60, trust_env=False) as counterpart:
        # The bank first: what it books meanwhile is then no difference.
        booked = [one async for one in _payments(counterpart)]
    ours = {one["end_to_end_id"]: _ours(one) async for one in _attempts(platform)}
    known = {account["code"] for account in await platform.get("/benefits/v1/payer-accounts")}
    theirs = {
        one["end_to_end_id"]: _theirs(one)
        for one in booked
        if one["end_to_end_id"] in ours or _is_ours(one["message_id"], known)
    }
    result = compare(ours, theirs)
    for line in _report(result):
        say(line)
    return not result.differences


def _is_ours(message_id: str, payers: set[str]) -> bool:
    return any(message_id.startswith(f"{payer}-") for payer in payers)


async def _attempts(platform: Platform) -> AsyncIterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = await platform.get("/benefits/v1/attempts", limit=str(_PAGE), **cursor)
        for one in page["items"]:
            yield one
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


async def _payments(bank: httpx.AsyncClient) -> AsyncIterator[dict[str, Any]]:
    after = 0
    while True:
        answer = await bank.get("/admin/payments", params={"after": after, "limit": 10 * _PAGE})
        found = answer.raise_for_status().json()["payments"]
        for one in found:
            yield one
        if not found:
            return
        after = found[-1]["number"]


def _ours(row: Mapping[str, Any]) -> Ours:
    return Ours(row["message_id"], row["payer_account"], row["amount"], row["state"], row["debited"], row["returned"])


def _theirs(row: Mapping[str, Any]) -> Theirs:
    return Theirs(
        message_id=row["message_id"],
        account=row["debtor_account"],
        amount=row["amount"],
        status=row["status"],
        debited=row["debited"],
        returned=row["returned"],
        shown_debited=row["shown_debited"],
        shown_returned=row["shown_returned"],
    )


def _report(result: Comparison) -> list[str]:
    lines = [f"✗ {difference}" for difference in result.differences]
    for payer, (mine, bank) in result.net.items():
        mark = "✓" if mine == bank else "✗"
        lines.append(f"{mark} {payer}: ta {mine:,} đồng, ngân hàng {bank:,} đồng. / ours, the bank's")
    if result.unshown:
        lines.append(f"· {result.unshown} khoản ngân hàng đã ghi, chưa lên sao kê. / booked, not on a statement yet.")
    differ = len(result.differences)
    whole = "Khớp từng đồng" if not differ else f"{differ} sai khác"
    english = "the books agree to the đồng" if not differ else f"{differ} differences"
    lines.append(f"{'✗' if differ else '✓'} {result.compared} lệnh: {whole}. / {result.compared} payments: {english}.")
    return lines
