"""The Social Policy Bank lends; we learn of it by its reports, match who was lent to, and keep the entrusted books."""

import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from services.benefits.app import build
from services.benefits.settings import BenefitsSettings
from shared.events.registry import PersonStated
from shared.settings import EventLogSettings
from tests.integration.benefits.platform import Benefits, Somebody, household
from tests.support.access import grant
from tests.support.postgres import CreateDatabase

BANKS = {"banks": [{"code": "vbsp", "name": "Ngân hàng Chính sách xã hội", "channel": {"kind": "report"}}]}
PAYER, NUMBER, FUND = "VBSP-01", "0999000011112222", "VBSP_ENTRUSTED"
ENTRUSTED = ",entrusted,,,,500000000,2026-11-01,,KBNN 0251/UNC"
LENT = "6600-LAV-1,disbursed,ĐẶNG THỊ LAN,1950-03-12,08566,50000000,2026-11-12,cash,Bản Nguyên"
ABSENT = "6600-LAV-2,absent,Đặng Thị Lan,1950-03-12,08566,20000000,2026-11-12,cash,Bản Nguyên"
REPAID = "6600-LAV-0,repaid,Hà Văn Đức,1961-01-01,08566,5000000,2026-11-12,account,"


def report(*lines: str, sequence: int = 1, opening: int = 0, closing: int) -> bytes:
    """Return a report as the bank would give it."""
    head = f"account,sequence,date,opening,closing\n{NUMBER},{sequence},2026-11-30,{opening},{closing}\n"
    columns = "contract,line,name,birth_date,commune,amount,date,channel,point\n"
    return (head + columns + "\n".join(lines)).encode()


@pytest.fixture
async def benefits(create_database: CreateDatabase, tmp_path: Path) -> AsyncIterator[Benefits]:
    banks = tmp_path / "banks.json"
    banks.write_text(json.dumps(BANKS))
    url = await create_database("benefits")
    log = EventLogSettings(eventlog_url=url)
    made = Benefits(build(BenefitsSettings(service="benefits", database_url=url, event_log=log, banks=banks)))
    await grant(made.database, "maker", "checker")
    await made.post("/funds", {"code": FUND, "kind": "VBSP_ENTRUSTED", "name": "Vốn ủy thác"})
    payer = {"code": PAYER, "bank": "vbsp", "bin": "999888", "number": NUMBER, "holder": "NHCSXH tỉnh", "fund": FUND}
    await made.approve_proposal(await made.post("/payer-accounts", payer))
    await made.post(f"/funds/{FUND}/contributions", {"amount": 500_000_000, "reference": "KBNN 0251/UNC"})
    try:
        yield made
        assert await made.broken_invariants() == []
    finally:
        await made.client.aclose()
        await made.database.close()


async def put_in(benefits: Benefits, content: bytes, bank: str = "vbsp") -> httpx.Response:
    return await benefits.client.post("/loan-reports", params={"bank": bank}, content=content)


async def living(benefits: Benefits, name: str, born: date) -> Somebody:
    """Make somebody known by name and birth date."""
    who = await benefits.settle_in()
    await benefits.hear(
        PersonStated(
            household_id=who.household_id,
            person_id=who.person_id,
            version=2,
            full_name=name,
            is_head=True,
            birth_date=born,
        )
    )
    return who


async def test_what_was_lent_is_of_the_household_and_the_entrusted_capital_is_in_the_books(benefits: Benefits) -> None:
    who = await living(benefits, "Đặng Thị Lan", date(1950, 3, 12))
    given = await put_in(benefits, report(ENTRUSTED, LENT, ABSENT, closing=450_000_000))
    assert (given.status_code, given.json()["lines"], given.json()["lines_aside"]) == (201, 2, 0)
    loans = (await benefits.get("/loans", household_id=str(who.household_id)))["items"]
    assert [(one["contract"], one["kind"], one["amount"]) for one in loans] == [
        ("6600-LAV-1", "disbursed", 50_000_000),
        ("6600-LAV-2", "absent", 20_000_000),
    ]
    assert await benefits.balances() == {"A1": 450_000_000, "A3": 50_000_000, "F1": -500_000_000}
    back = LENT.replace("disbursed", "repaid").replace("50000000", "30000000")
    following = report(back, sequence=2, opening=450_000_000, closing=480_000_000)
    assert (await put_in(benefits, following)).status_code == 201
    assert (await benefits.balances())["A3"] == 20_000_000


async def test_a_report_that_comes_again_is_taken_once(benefits: Benefits) -> None:
    await living(benefits, "Đặng Thị Lan", date(1950, 3, 12))
    content = report(ENTRUSTED, LENT, closing=450_000_000)
    first, second = [(await put_in(benefits, content)).json() for _ in range(2)]
    assert first == second
    assert len((await benefits.get("/loans"))["items"]) == 1
    other = await put_in(benefits, report(ENTRUSTED, closing=500_000_000))
    assert (other.json()["state"], other.json()["reason"]) == ("quarantined", "sequence 1 where 2 is next")
    assert (await benefits.balances())["A3"] == 50_000_000


async def test_a_line_of_nobody_known_waits_and_is_matched_once_the_registry_has_told(benefits: Benefits) -> None:
    content = report(ENTRUSTED, LENT, REPAID, closing=455_000_000)
    given = (await put_in(benefits, content)).json()
    assert given["lines_aside"] == 2
    message = await benefits.get(f"/bank-messages/{given['id']}")
    assert [(line["ordinal"], line["reason"]) for line in message["lines"]] == [
        (2, "household_unknown"),
        (3, "household_unknown"),
    ]
    assert [one["household_id"] for one in (await benefits.get("/loans"))["items"]] == [None, None]
    who = await living(benefits, "Đặng Thị Lan", date(1950, 3, 12))
    assert (await put_in(benefits, content)).json()["lines_aside"] == 1
    assert len((await benefits.get("/loans", household_id=str(who.household_id)))["items"]) == 1
    await living(benefits, "Hà Văn Đức", date(1961, 1, 1))
    await living(benefits, "Hà Văn Đức", date(1961, 1, 1))
    assert (await put_in(benefits, content)).json()["lines_aside"] == 1, "two of one name are nobody"
    await benefits.hear(household(who, version=3, area_code="08567"))
    assert len((await benefits.get("/loans", household_id=str(who.household_id)))["items"]) == 1


@pytest.mark.parametrize(
    ("content", "bank", "status", "code"),
    [
        (report(LENT.replace("50000000", "5.5"), closing=0), "vbsp", 422, "bank_message_unreadable"),
        (report(LENT.replace("disbursed", "given"), closing=0), "vbsp", 422, "bank_message_unreadable"),
        (b"account\n", "vbsp", 422, "bank_message_unreadable"),
        (report(closing=0).replace(NUMBER.encode(), b"0000"), "vbsp", 422, "payer_account_unknown"),
        (report(closing=0), "simbank", 422, "not_a_reporting_bank"),
    ],
)
async def test_what_does_not_fit_changes_nothing(
    benefits: Benefits, content: bytes, bank: str, status: int, code: str
) -> None:
    answer = await put_in(benefits, content, bank)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await benefits.balances() == {}
    assert (await benefits.get("/loans"))["items"] == []


async def test_a_report_that_does_not_add_up_is_kept_and_changes_nothing(benefits: Benefits) -> None:
    given = (await put_in(benefits, report(ENTRUSTED, LENT, closing=1))).json()
    assert (given["state"], given["lines_aside"]) == ("quarantined", 0)
    assert await benefits.balances() == {}
    [kept] = (await benefits.get("/bank-messages", state="quarantined"))["items"]
    assert (kept["id"], kept["kind"]) == (given["id"], "loan-report")


async def test_a_report_is_tried_again_where_other_messages_of_banks_are(benefits: Benefits) -> None:
    given = (await put_in(benefits, report(ENTRUSTED, LENT, REPAID, closing=455_000_000))).json()
    who = await living(benefits, "Đặng Thị Lan", date(1950, 3, 12))
    assert (await benefits.get(f"/bank-messages/{given['id']}"))["retriable"]
    again = await benefits.post(f"/bank-messages/{given['id']}/retry", None)
    assert [(line["ordinal"], line["state"]) for line in again["lines"]] == [(2, "applied"), (3, "open")]
    assert len((await benefits.get("/loans", household_id=str(who.household_id)))["items"]) == 1
    await living(benefits, "Hà Văn Đức", date(1961, 1, 1))
    done = await benefits.post(f"/bank-messages/{given['id']}/retry", None)
    assert (done["open_lines"], done["retriable"]) == (0, False)
    assert (await benefits.send(f"/bank-messages/{given['id']}/retry", None)).json()["code"] == "bank_message_settled"


async def test_a_report_waits_for_the_one_before_it(benefits: Benefits) -> None:
    assert (await put_in(benefits, report(ENTRUSTED, closing=500_000_000))).status_code == 201
    third = report(sequence=3, opening=500_000_000, closing=500_000_000)
    early = await put_in(benefits, third)
    assert (early.json()["state"], early.json()["reason"]) == ("waiting", "statement 2 is missing")
    second = report(sequence=2, opening=500_000_000, closing=500_000_000)
    assert (await put_in(benefits, second)).json()["state"] == "applied"
    followed = await benefits.get(f"/bank-messages/{early.json()['id']}")
    assert (followed["state"], followed["retriable"]) == ("applied", False)
