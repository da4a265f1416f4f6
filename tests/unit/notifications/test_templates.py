"""The wording of messages: checked before use, never more than two parts, nothing personal beyond the name."""

import unicodedata
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.notices import PURPOSES, is_news, message_id, notice_of
from services.notifications.domain.sms import size
from services.notifications.domain.templates import (
    LARGEST_PARTS,
    LONGEST,
    BadTemplate,
    Template,
    check,
    choose,
    load_templates,
    render,
)
from shared.events import Event
from shared.events.benefits import PaymentReturned, PaymentSettled
from shared.events.registry import AccountChanged, AreaTotalsStated
from tests.support.events import classified

TEMPLATES = load_templates()
DAY = date(2026, 11, 23)
PAYMENT = {
    "household_id": uuid4(),
    "order_id": uuid4(),
    "award_id": uuid4(),
    "person_id": uuid4(),
    "programme": "btxh",
    "area_code": "08566",
    "period": "2026-11",
    "amount": 1_500_000,
}
GOOD: dict[str, Any] = {
    "purpose": "payment_settled",
    "language": "vi",
    "valid_from": DAY,
    "with_marks": "Hộ {name} nhận {amount}",
    "without_marks": "Ho {name} nhan {amount}",
}


@pytest.mark.parametrize(
    ("event", "plain", "marked"),
    [
        pytest.param(
            classified(1, "41/QĐ-UBND"),
            "UBND xa thong bao: ho Bui Thi Dao la ho ngheo theo chuan 2022-2025, quyet dinh 41/QD-UBND ngay 23/11/2026."
            " Thac mac xin hoi UBND xa.",
            "Hộ Bùi Thị Đào: hộ nghèo (chuẩn 2022-2025), QĐ 41/QĐ-UBND ngày 23/11/2026. Hỏi UBND xã.",
            id="classified",
        ),
        pytest.param(
            PaymentSettled(**PAYMENT, settled_on=DAY),
            "UBND xa thong bao: ho Bui Thi Dao da duoc chuyen 1.500.000 VND tro cap thang 11/2026 vao tai khoan ngay"
            " 23/11/2026. Chua nhan duoc xin hoi UBND xa.",
            "Hộ Bùi Thị Đào: đã chuyển 1.500.000 VND trợ cấp tháng 11/2026 vào tài khoản ngày 23/11/2026. Hỏi UBND xã.",
            id="paid",
        ),
        pytest.param(
            PaymentReturned(**PAYMENT, reason="AC04", returned_on=DAY),
            "UBND xa thong bao: 1.500.000 VND tro cap thang 11/2026 cua ho Bui Thi Dao bi ngan hang tra lai ngay"
            " 23/11/2026. Xin den UBND xa kiem tra so tai khoan de duoc chi lai.",
            "Hộ Bùi Thị Đào: 1.500.000 VND tháng 11/2026 bị ngân hàng trả lại ngày 23/11/2026."
            " Xin báo UBND xã để chi lại.",
            id="returned",
        ),
        pytest.param(
            AccountChanged(
                household_id=uuid4(),
                person_id=uuid4(),
                person_version=2,
                number_ends="456",
                replaced_number_ends=None,
                changed_on=DAY,
            ),
            "UBND xa thong bao: tu ngay 23/11/2026 tro cap cua ho Bui Thi Dao duoc chi qua TK duoi 456."
            " Neu ong/ba khong yeu cau doi, xin bao ngay UBND xa.",
            "Hộ Bùi Thị Đào: từ 23/11/2026 trợ cấp chi qua TK đuôi 456. Nếu không yêu cầu đổi, báo ngay UBND xã.",
            id="paid elsewhere",
        ),
    ],
)
def test_each_notice_says_what_happened_in_both_forms(event: Event, plain: str, marked: str) -> None:
    notice = notice_of(event)
    template = choose(TEMPLATES, notice.purpose, DAY)
    values = {**notice.values, "name": unicodedata.normalize("NFD", "Bùi Thị  Đào")}
    assert render(template, values, marks=False) == plain
    assert render(template, values, marks=True) == unicodedata.normalize("NFC", marked)
    assert size(plain).encoding == "gsm7"


@given(st.text(max_size=200), st.text(max_size=60), st.sampled_from(PURPOSES), st.booleans())
def test_no_value_however_odd_makes_more_than_two_parts(name: str, decision: str, purpose: str, marks: bool) -> None:
    values = {key: "x" * longest for key, longest in LONGEST.items()} | {"name": name, "decision": decision}
    text = render(choose(TEMPLATES, purpose, DAY), values, marks=marks)
    assert text == unicodedata.normalize("NFC", text)
    if not marks:
        assert size(text).encoding == "gsm7"
        assert size(text).parts <= LARGEST_PARTS


def test_a_long_name_is_cut_between_words() -> None:
    template = Template(**GOOD)
    name = "Tôn Nữ Thị Hoàng Phương Thảo Nguyên An"
    assert render(template, {"name": name, "amount": "1 VND"}, marks=True) == (
        "Hộ Tôn Nữ Thị Hoàng Phương Thảo nhận 1 VND"
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"without_marks": "Ho {name}"}, "other placeholders", id="placeholders differ"),
        pytest.param(
            {"with_marks": "Số {citizen_id}", "without_marks": "So {citizen_id}"}, "unknown", id="a personal number"
        ),
        pytest.param({"without_marks": "Hộ {name} nhan {amount}"}, "has marks", id="marks in the plain form"),
        pytest.param({"with_marks": "Hộ {name} nhận {amount} " + "ữ" * 80}, "3 parts", id="too long with marks"),
        pytest.param({"without_marks": "Ho {name} {amount} " + "u" * 260}, "3 parts", id="too long without marks"),
    ],
)
def test_a_template_that_would_cost_more_or_say_too_much_is_refused(change: dict[str, str], why: str) -> None:
    check(Template(**GOOD))
    with pytest.raises(BadTemplate, match=why):
        check(Template(**GOOD | change))


def test_the_wording_in_force_on_the_day_is_used() -> None:
    old, new = Template(**GOOD), Template(**GOOD | {"valid_from": date(2027, 1, 1)})
    assert choose((old, new), "payment_settled", date(2026, 12, 31)) is old
    assert choose((old, new), "payment_settled", date(2027, 1, 1)) is new
    with pytest.raises(LookupError):
        choose((old, new), "payment_settled", date(2026, 1, 1))


def test_an_event_has_one_message_identity_a_purpose_however_often_it_is_asked() -> None:
    event_id = uuid4()
    assert message_id(event_id, "payment_settled") == message_id(event_id, "payment_settled")
    assert len({message_id(event_id, purpose) for purpose in PURPOSES}) == len(PURPOSES)


@pytest.mark.parametrize(("recorded_on", "told"), [(date(2026, 12, 24), True), (date(2027, 2, 1), False)])
def test_a_decision_that_an_old_list_brings_in_is_no_news(recorded_on: date, told: bool) -> None:
    assert is_news(classified(1, "41/QĐ-UBND"), recorded_on) == told
    assert is_news(PaymentSettled(**PAYMENT, settled_on=DAY), recorded_on)


def test_a_decision_that_a_later_one_had_replaced_already_is_no_news() -> None:
    late = classified(1, "41/QĐ-UBND").model_copy(update={"in_force": False})
    assert not is_news(late, date(2026, 12, 24))


def test_nobody_is_told_of_other_events() -> None:
    with pytest.raises(TypeError):
        notice_of(AreaTotalsStated(code="25", version=1, year=2026, households=1, people=4, source="thử"))
