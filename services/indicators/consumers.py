"""What indicators listens to. Projectors only: each row comes from one event, whatever the order between topics."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.indicators.store.decisions import link_decisions
from services.indicators.tables import AreaRow, AreaTotalsRow, AwardRow, BookingRow, DecisionRow
from shared.db import Transaction, insert_new, upsert
from shared.events import Received
from shared.events.benefits import AwardGranted, PaymentReturned, PaymentSettled
from shared.events.registry import AreaStated, AreaTotalsStated, HouseholdClassified
from shared.messaging.consumers import Consumer
from shared.text import clean


async def project_areas(session: Transaction, received: Sequence[Received]) -> None:
    """Keep units and their published totals; a newer version replaces an older one."""
    areas, totals = [], []
    for each in received:
        at = each.message.time
        match each.event:
            case AreaStated() as event:
                areas.append(
                    {
                        "code": event.code,
                        "valid_from": event.valid_from,
                        "version": event.version,
                        "valid_to": event.valid_to,
                        "name": clean(event.name),
                        "level": event.level,
                        "kind": clean(event.kind),
                        "parent_code": event.parent_code,
                        "recorded_at": at,
                    }
                )
            case AreaTotalsStated() as event:
                totals.append(
                    {
                        "code": event.code,
                        "year": event.year,
                        "version": event.version,
                        "households": event.households,
                        "people": event.people,
                        "source": clean(event.source),
                        "recorded_at": at,
                    }
                )
    await upsert(session, AreaRow.__table__, areas, newer_by="version")
    await upsert(session, AreaTotalsRow.__table__, totals, newer_by="version")


async def project_poverty(session: Transaction, received: Sequence[Received]) -> None:
    """Keep each decision about a household's class, and which of them is in force when.

    A decision that comes late, or corrects one of the same day, restates the past.
    """
    rows = [_decision(each, each.event) for each in received if isinstance(each.event, HouseholdClassified)]
    await insert_new(session, DecisionRow.__table__, rows)
    await link_decisions(session, {row["household_id"] for row in rows})


def _decision(received: Received, event: HouseholdClassified) -> dict[str, Any]:
    return {
        "event_id": received.message.id,
        "household_id": event.household_id,
        "standard": event.standard,
        "decided_on": event.decided_on,
        "until": date.max,
        "household_class": event.household_class,
        "area_code": event.area_code,
        "people": event.people,
        "recorded_at": received.message.time,
    }


async def project_payments(session: Transaction, received: Sequence[Received]) -> None:
    """Keep awards, settled payments and returned ones."""
    awards, bookings = [], []
    for each in received:
        at = each.message.time
        match each.event:
            case AwardGranted() as event:
                awards.append(
                    {
                        "award_id": event.award_id,
                        "programme": event.programme,
                        "area_code": event.area_code,
                        "monthly_amount": event.monthly_amount,
                        "first_month": event.first_month,
                        "last_month": event.last_month,
                        "granted_on": event.granted_on,
                        "recorded_at": at,
                    }
                )
            case PaymentSettled() as event:
                bookings.append(_booking(each, event, "settled", event.settled_on))
            case PaymentReturned() as event:
                bookings.append(_booking(each, event, "returned", event.returned_on))
    await insert_new(session, AwardRow.__table__, awards)
    await insert_new(session, BookingRow.__table__, bookings)


def _booking(received: Received, event: PaymentSettled | PaymentReturned, kind: str, on: date) -> dict[str, Any]:
    return {
        "event_id": received.message.id,
        "kind": kind,
        "programme": event.programme,
        "area_code": event.area_code,
        "period": event.period,
        "amount": event.amount,
        "booked_on": on,
        "recorded_at": received.message.time,
    }


CONSUMERS = (
    Consumer(
        name="indicators.areas",
        kind="projector",
        handles=(AreaStated, AreaTotalsStated),
        handler=project_areas,
        tables=(AreaRow.__table__, AreaTotalsRow.__table__),
    ),
    Consumer(
        name="indicators.poverty",
        kind="projector",
        handles=(HouseholdClassified,),
        handler=project_poverty,
        tables=(DecisionRow.__table__,),
    ),
    Consumer(
        name="indicators.payments",
        kind="projector",
        handles=(AwardGranted, PaymentSettled, PaymentReturned),
        handler=project_payments,
        tables=(AwardRow.__table__, BookingRow.__table__),
    ),
)
