"""What goes wrong with a payment is chosen by its account, else by its amount."""

import pytest

from deploy.bank.faults import NORMAL, Behaviour, Reason, behaviour, file_faults


@pytest.mark.parametrize(
    ("account", "amount", "expected"),
    [
        pytest.param("3120205123456", 500_000, NORMAL, id="nothing asked for"),
        pytest.param("3120205590101", 500_000, Behaviour(refused=Reason("AC01")), id="by account"),
        pytest.param("3120205123456", 500_112, Behaviour(surplus=1), id="by amount"),
        pytest.param("3120205590101", 500_112, Behaviour(refused=Reason("AC01")), id="the account comes first"),
        pytest.param("3120205590001", 500_112, Behaviour(reported="ACCC"), id="also where all goes well"),
    ],
)
def test_the_account_decides_before_the_amount(account: str, amount: int, expected: Behaviour) -> None:
    assert behaviour(account, amount) == expected


def test_a_file_is_disturbed_in_the_order_of_the_switches() -> None:
    strikes = [(fault.accepts, fault.answers) for fault in file_faults([500_104, 7_101, 500_000, 9_101])]
    assert strikes == [(False, False), (True, True)]
