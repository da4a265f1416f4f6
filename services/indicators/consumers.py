"""What indicators listens to. Projectors only: each row comes from one event, whatever the order between topics."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid5

from services.indicators.store.decisions import inherit, link_decisions
from services.indicators.tables import (
    AreaRow,
    AreaTotalsRow,
    AwardRow,
    BookingRow,
    DecisionRow,
    PlacementRow,
    SpanRow,
    SuccessionRow,
)
from shared.db import Transaction, insert_new, upsert
from shared.events import Received
from shared.events.benefits import AwardGranted, PaymentReturned, PaymentSettled
from shared.events.registry import (
    AreaStated,
    AreaSuccessionStated,
    AreaTotalsStated,
    HouseholdClassified,
    HouseholdStated,
)
from shared.messaging.consumers import Consumer
from shared.text import clean


async def project_areas(session: Transaction, received: Sequence[Received]) -> None:
    """Keep units and their published totals; a newer version replaces an older one."""
    areas, totals, successions = [], [], []
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
                        "valid_from": event.valid_from or date.max,
                        "version": event.version,
                        "households": event.households,
                        "people": event.people,
                        "source": clean(event.source),
                        "recorded_at": at,
                    }
                )
            case AreaSuccessionStated() as event:
                successions.append(
                    {
                        "old_code": event.code,
                        "new_code": event.new_code,
                        "effective": event.effective,
                        "version": event.version,
                        "withdrawn": event.withdrawn,
                        "recorded_at": at,
                    }
                )
    await upsert(session, SuccessionRow.__table__, successions, newer_by="version")
    await upsert(session, AreaRow.__table__, areas, newer_by="version")
    await upsert(session, AreaTotalsRow.__table__, totals, newer_by="version")


async def project_poverty(session: Transaction, received: Sequence[Received]) -> None:
    """Keep each decision about a household's class, and which of them is in force when.

    A decision that comes late, or corrects one of the same day, restates the past.
    """
    rows = [_decision(each, each.event) for each in received if isinstance(each.event, HouseholdClassified)]
    await insert_new(session, DecisionRow.__table__, rows)
    stated = [(each, each.event) for each in received if isinstance(each.event, HouseholdStated)]
    places = [_placement(each, event) for each, event in stated if event.effective_on is not None]
    await upsert(session, PlacementRow.__table__, places, newer_by="version")
    await inherit(session, [row for each, event in stated for row in _inherited(each, event)])
    await link_decisions(session, {row["household_id"] for row in (*rows, *places)})


def _placement(received: Received, event: HouseholdStated) -> dict[str, Any]:
    return {
        "household_id": event.household_id,
        "version": event.version,
        "area_code": event.area_code,
        "effective_on": event.effective_on,
        "ended_on": event.ended_on,
        "until": date.max,
        "recorded_at": received.message.time,
    }


def _inherited(received: Received, event: HouseholdStated) -> list[dict[str, Any]]:
    """Return the classes with which a household splits off, as from its first day on."""
    if event.change != "split" or event.effective_on is None:
        return []
    return [
        {
            "event_id": uuid5(received.message.id, standing.standard),
            "household_id": event.household_id,
            "standard": standing.standard,
            "decided_on": event.effective_on,
            "until": date.max,
            "household_class": standing.household_class,
            "area_code": event.area_code,
            "people": len(event.members),
            "recorded_at": received.message.time,
        }
        for standing in event.standings
    ]


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
                        "household_id": event.household_id,
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
        "household_id": event.household_id,
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
        handles=(AreaStated, AreaTotalsStated, AreaSuccessionStated),
        handler=project_areas,
        tables=(AreaRow.__table__, AreaTotalsRow.__table__, SuccessionRow.__table__),
    ),
    Consumer(
        name="indicators.poverty",
        kind="projector",
        handles=(HouseholdClassified, HouseholdStated),
        handler=project_poverty,
        tables=(DecisionRow.__table__, PlacementRow.__table__, SpanRow.__table__),
    ),
    Consumer(
        name="indicators.payments",
        kind="projector",
        handles=(AwardGranted, PaymentSettled, PaymentReturned),
        handler=project_payments,
        tables=(AwardRow.__table__, BookingRow.__table__),
    ),
)
