import pytest

pytest.register_assert_rewrite("tests.faults.flow")  # what it sees at the end is told when it is not so
