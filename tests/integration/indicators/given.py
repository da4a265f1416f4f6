"""Events that indicators hears, made short: a province of three communes, decisions, awards and payments."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from services.indicators.consumers import CONSUMERS
from shared.db import Database
from shared.events import Event, Message
from shared.events.benefits import AwardGranted, PaymentReturned, PaymentSettled
from shared.events.registry import AreaStated, AreaTotalsStated, HouseholdClass, HouseholdClassified
from shared.messaging.consumers import apply

NAMES = UUID("0192f0c0-0000-7000-8000-00000000000a")
STANDARD = "vn-2022-2025"
PROVINCE = "25"
BEGIN = date(2025, 7, 1)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def identity(name: object) -> UUID:
    """Return the same id for the same name."""
    return uuid5(NAMES, str(name))


def area(
    code: str,
    name: str,
    *,
    level: str = "commune",
    parent: str | None = PROVINCE,
    valid_from: date = BEGIN,
    valid_to: date | None = None,
    version: int = 1,
) -> AreaStated:
    """Return a unit; its kind is the first word of its name."""
    return AreaStated.model_validate(
        {
            "code": code,
            "version": version,
            "valid_from": valid_from,
            "valid_to": valid_to,
            "name": name,
            "level": level,
            "kind": name.split()[0],
            "parent_code": parent,
        }
    )


def totals(
    code: str, households: int, *, year: int = 2025, version: int = 1, valid_from: date | None = None
) -> AreaTotalsStated:
    """Return a published denominator of four people a household, by default of the unit of the year's end."""
    return AreaTotalsStated(
        code=code,
        version=version,
        year=year,
        households=households,
        people=4 * households,
        source=f"Niên giám {year}",
        valid_from=valid_from,
    )


def decision(
    household: object,
    household_class: HouseholdClass,
    decided_on: date,
    *,
    code: str = "08566",
    people: int = 4,
    standard: str = STANDARD,
) -> HouseholdClassified:
    """Return a decision of a commune about a household."""
    return HouseholdClassified(
        household_id=identity(household),
        decision_id=identity((household, decided_on, household_class)),
        decision_number="01/QĐ-UBND",
        standard=standard,
        household_class=household_class,
        previous_class=None,
        transition=None,
        area_code=code,
        people=people,
        b1_points=None,
        b2_points=30,
        deprivations=(),
        decided_on=decided_on,
    )


def award(household: object, amount: int, *, first: str = "2026-01", last: str | None = None) -> AwardGranted:
    """Return an award of an amount a month."""
    return AwardGranted.model_validate(
        {
            "household_id": identity(household),
            "award_id": identity(("award", household)),
            "application_id": identity(("application", household)),
            "person_id": identity(("person", household)),
            "programme": "cash-elderly",
            "area_code": "08566",
            "monthly_amount": amount,
            "first_month": first,
            "last_month": last,
            "granted_on": date(2026, 1, 5),
        }
    )


def _payment(household: object, amount: int, period: str, code: str) -> dict[str, object]:
    return {
        "household_id": identity(household),
        "order_id": identity(("order", household, period)),
        "award_id": identity(("award", household)),
        "person_id": identity(("person", household)),
        "programme": "cash-elderly",
        "area_code": code,
        "period": period,
        "amount": amount,
    }


def settled(household: object, amount: int, period: str, *, code: str = "08566") -> PaymentSettled:
    """Return a payment that the statement of the 15th shows."""
    day = date.fromisoformat(f"{period}-15")
    return PaymentSettled.model_validate(_payment(household, amount, period, code) | {"settled_on": day})


def returned(household: object, amount: int, period: str, *, code: str = "08566") -> PaymentReturned:
    """Return the return of a payment on the 20th."""
    day = date.fromisoformat(f"{period}-20")
    fields = _payment(household, amount, period, code) | {"reason": "AC04", "returned_on": day}
    return PaymentReturned.model_validate(fields)


def province() -> list[Event]:
    """Return a province of three communes: 1,000 households, 400 and 19."""
    return [
        area(PROVINCE, "Tỉnh Phú Thọ", level="province", parent=None),
        area("08566", "Xã Tân Sơn"),
        area("08338", "Xã Minh Hoà"),
        area("07900", "Phường Việt Trì"),
        totals("08566", 1000),
        totals("08338", 400),
        totals("07900", 19),
    ]


def messages(events: Iterable[Event], *, start: datetime = EPOCH) -> list[Message]:
    """Return events as they come off the log, a second apart."""
    return [
        Message(
            id=identity((start, number, event.TYPE)),
            type=event.TYPE,
            source="/test",
            subject=event.key,
            time=start + timedelta(seconds=number),
            topic=event.TOPIC,
            key=event.key,
            data=event.encode(),
        )
        for number, event in enumerate(events)
    ]


async def hear(database: Database, batch: Sequence[Message]) -> None:
    """Give each consumer what it handles of a batch, in one transaction each."""
    for consumer in CONSUMERS:
        wanted = [message for message in batch if message.topic in consumer.topics]
        async with database.transaction() as session:
            applied = await apply(session, consumer, wanted)
        assert applied.failed == 0
