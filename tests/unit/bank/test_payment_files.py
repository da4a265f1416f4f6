"""A bank takes a file that is right, and refuses any other with its ISO reason."""

import pytest

from deploy.bank import pain001
from deploy.bank.refusal import Refused
from tests.support.broken_payment_files import BREAKS, FIRST, HOSTILE, MESSAGE, SECOND, Break
from tests.support.payment_files import PAYER, payment_file


def test_a_right_file_is_read_whole() -> None:
    file = pain001.read(payment_file(MESSAGE, [FIRST, SECOND]))
    assert (file.message_id, file.control_sum) == (MESSAGE, 1_360_000)
    assert [block.debtor_account for block in file.blocks] == [PAYER]
    first, second = file.transfers
    assert (first.end_to_end_id, first.amount, first.uetr) == (FIRST.end_to_end_id, 500_000, FIRST.uetr)
    assert (second.creditor_bin, second.creditor_account, second.purpose) == ("970436", "3120205123456", "SSBE")


@pytest.mark.parametrize("broken", [*BREAKS, *HOSTILE], ids=lambda broken: broken.name)
def test_a_file_that_is_wrong_in_one_place_is_refused_with_its_reason(broken: Break) -> None:
    with pytest.raises(Refused) as refused:
        pain001.read(broken.apply())
    assert refused.value.code == broken.code, refused.value.detail


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe<", b"<Document/>"], ids=["empty", "json", "bytes", "bare"])
def test_what_is_no_payment_file_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="FF01"):
        pain001.read(body)


def test_a_refusal_quotes_nothing_of_a_person() -> None:
    for broken in (*BREAKS, *HOSTILE):
        with pytest.raises(Refused) as refused:
            pain001.read(broken.apply())
        assert "HOANG" not in refused.value.detail
        assert "3120205123456" not in refused.value.detail
