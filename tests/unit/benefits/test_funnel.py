"""The funnel of a run: what each stage counts."""

from services.benefits.pages.funnel import stages_of


def test_stages_count_orders_and_attempts_and_bad_news_only_where_there_is_some() -> None:
    funnel = {
        "orders.BLOCKED": {"count": 1, "sum": 100},
        "orders.INSTRUCTED": {"count": 2, "sum": 200},
        "orders.PAID": {"count": 7, "sum": 700},
        "instructions.UNKNOWN": {"count": 1, "sum": 100},
        "instructions.ACCEPTED": {"count": 1, "sum": 100},
        "instructions.BOOKED": {"count": 7, "sum": 700},
    }
    seen = {stage.name: (stage.count, stage.sum, stage.share) for stage in stages_of(funnel)}
    assert seen == {
        "ordered": (10, 1000, 100),
        "blocked": (1, 100, 10),
        "approved": (9, 900, 90),
        "sent": (9, 900, 90),
        "accepted": (8, 800, 80),
        "settled": (7, 700, 70),
        "unknown": (1, 100, 10),
    }


def test_a_run_without_orders_has_a_funnel_of_nothing() -> None:
    assert [(stage.name, stage.share) for stage in stages_of({})] == [
        ("ordered", 0),
        ("approved", 0),
        ("sent", 0),
        ("accepted", 0),
        ("settled", 0),
    ]
