"""How figures look in JSON. Rates in per cent and changes in percentage points have two decimals."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from services.indicators.domain.areas import Area
from services.indicators.domain.payments import Money, PaymentFigure
from services.indicators.domain.poverty import Base, Figure, Share
from services.indicators.domain.rates import NoRate, Rate, change
from services.indicators.store.freshness import DataVersion
from shared.texts import Language, text


class AreaOut(BaseModel):
    """A unit as it is on the day of the figure."""

    code: str = Field(examples=["08566"])
    name: str = Field(examples=["Xã Tân Sơn"])
    level: str = Field(examples=["commune"])
    valid_from: date

    @classmethod
    def of(cls, area: Area) -> "AreaOut":
        return cls(code=area.code, name=area.name, level=area.level, valid_from=area.valid_from)


class ShareOut(BaseModel):
    """Households and people, and their rates over the published base; a missing rate has its reason."""

    households: int = Field(examples=[316])
    people: int = Field(examples=[1201])
    rate_percent: float | None = Field(description="households over published households", examples=[3.16])
    rate_missing: NoRate | None = None
    people_rate_percent: float | None = Field(description="people over published people", examples=[3.02])
    people_rate_missing: NoRate | None = None

    @classmethod
    def of(cls, share: Share) -> "ShareOut":
        return cls(
            households=share.tally.households,
            people=share.tally.people,
            rate_percent=share.households_rate.percent,
            rate_missing=share.households_rate.reason,
            people_rate_percent=share.people_rate.percent,
            people_rate_missing=share.people_rate.reason,
        )


class BaseOut(BaseModel):
    """The published numbers that rates are over. Where the unit has none of its own they are the sum of its `communes`,
    or of the units that it took over whole (`merged`): how many.
    """

    households: int = Field(examples=[10000])
    people: int = Field(examples=[39800])
    year: int = Field(examples=[2025])
    source: str
    communes: int | None = None
    merged: int | None = None

    @classmethod
    def of(cls, base: Base) -> "BaseOut":
        return cls(
            households=base.households,
            people=base.people,
            year=base.year,
            source=base.source,
            communes=base.communes,
            merged=base.merged,
        )


class FigureOut(BaseModel):
    """Poor, near-poor and both together (multidimensional poverty) of one unit on one day."""

    area: AreaOut
    on: date
    map_on: date | None = Field(description="the day whose unit it is, where not `on`")
    poor: ShareOut
    near_poor: ShareOut
    together: ShareOut
    base: BaseOut | None
    communes: int = Field(description="communes and wards of the unit on that day")
    communes_reporting: int = Field(description="of these, how many have any decision by then")

    @classmethod
    def of(cls, figure: Figure) -> "FigureOut":
        return cls(
            area=AreaOut.of(figure.area),
            on=figure.on,
            map_on=figure.map_on,
            poor=ShareOut.of(figure.poor),
            near_poor=ShareOut.of(figure.near_poor),
            together=ShareOut.of(figure.together),
            base=None if figure.base is None else BaseOut.of(figure.base),
            communes=figure.communes,
            communes_reporting=figure.reporting,
        )


class DataOut(BaseModel):
    """Where figures come from and how far they reach. Later corrections restate them."""

    source: str
    last_event_at: datetime | None = Field(description="time of the newest event that is counted")

    @classmethod
    def of(cls, kind: str, version: DataVersion, language: Language) -> "DataOut":
        return cls(source=text(f"indicators.source.{kind}", language), last_event_at=version.newest)


class ChangeOut(BaseModel):
    """Change of the rates since a day, in percentage points; null where either rate is missing."""

    since: date
    poor: float | None
    near_poor: float | None
    together: float | None

    @classmethod
    def between(cls, before: Figure, now: Figure) -> "ChangeOut":
        def moved(new: Share, old: Share) -> float | None:
            difference: Rate = change(new.households_rate, old.households_rate)
            return difference.percent

        return cls(
            since=before.on,
            poor=moved(now.poor, before.poor),
            near_poor=moved(now.near_poor, before.near_poor),
            together=moved(now.together, before.together),
        )


class PovertyOut(BaseModel):
    """The figure of a unit, and its change since the same day a year earlier."""

    standard: str
    figure: FigureOut
    change: ChangeOut | None
    data: DataOut


class PovertySeriesOut(BaseModel):
    """The figures of a unit over time; the last point is the figure of the last day."""

    standard: str
    points: list[FigureOut]
    data: DataOut


class PovertyAreasOut(BaseModel):
    """The figures of all communes of a unit; their counts add up to the unit's."""

    standard: str
    parent: AreaOut
    on: date
    areas: list[FigureOut]
    unplaced_households: int = Field(
        description="poor and near-poor households of the platform whose decision names no unit of that day"
    )
    data: DataOut


class PovertyOnMapOut(BaseModel):
    """The figures of a day on the map of another day: the unit and all its communes of that map."""

    standard: str
    on: date
    map_on: date
    parent: FigureOut
    areas: list[FigureOut]
    unplaced_households: int = Field(description="poor and near-poor households that are in no unit of that map")
    data: DataOut


class StandardsOut(BaseModel):
    """The standards under which anything was decided."""

    standards: list[str]


class MoneyOut(BaseModel):
    """Amounts in VND. `paid` is settled by a bank statement less what came back."""

    awarded: int
    settled: int
    returned: int
    paid: int
    payments: int = Field(description="payments that stand: settled less returned")

    @classmethod
    def of(cls, money: Money) -> "MoneyOut":
        return cls(
            awarded=money.awarded,
            settled=money.settled,
            returned=money.returned,
            paid=money.paid,
            payments=money.payments,
        )


class PaymentLineOut(BaseModel):
    """Money of one programme and of the month that it is owed for."""

    programme: str
    period: str = Field(examples=["2026-11"])
    money: MoneyOut


class PaymentsOut(BaseModel):
    """Money of a unit, from one month to another; `unplaced` is the platform's that is in no unit of the map."""

    area: AreaOut
    first: str
    last: str
    map_on: date | None
    total: MoneyOut
    unplaced: MoneyOut
    lines: list[PaymentLineOut]
    data: DataOut

    @classmethod
    def of(cls, figure: PaymentFigure, data: DataOut) -> "PaymentsOut":
        lines = [
            PaymentLineOut(programme=line.programme, period=line.period, money=MoneyOut.of(line.money))
            for line in figure.lines
        ]
        return cls(
            area=AreaOut.of(figure.area),
            first=figure.first,
            last=figure.last,
            map_on=figure.map_on,
            total=MoneyOut.of(figure.total),
            unplaced=MoneyOut.of(figure.unplaced),
            lines=lines,
            data=data,
        )
