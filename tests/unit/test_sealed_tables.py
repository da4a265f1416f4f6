"""Every column that the database holds to be sealed is known to a change of keys."""

import importlib
import re

import pytest
from sqlalchemy import CheckConstraint, MetaData

from deploy.keys import SEALED
from shared.encryption import SEALED as PATTERN
from shared.settings import SERVICES, ServiceName


def _sealed_columns(metadata: MetaData) -> set[tuple[str, str]]:
    found = set()
    for table in metadata.tables.values():
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint) and PATTERN in str(constraint.sqltext):
                name = re.match(r"\w+", str(constraint.sqltext))
                assert name is not None
                found.add((table.name, name[0]))
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_change_of_keys_reaches_every_sealed_column(service: ServiceName) -> None:
    name = "services.benefits.metadata" if service == "benefits" else f"services.{service}.tables"
    known = {(each.table.name, column) for each in SEALED[service] for column in each.columns}
    columns = _sealed_columns(importlib.import_module(name).metadata)
    assert columns <= known
    assert columns or service == "indicators"


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_value_is_sealed_for_names_one_row(service: ServiceName) -> None:
    for each in SEALED[service]:
        assert {*each.columns, *each.row_id} <= set(each.table.c.keys())
        unique = [{column.name for column in index.columns} for index in each.table.indexes if index.unique]
        keys = [{column.name for column in each.table.primary_key}, *unique]
        within = any(key <= set(each.row_id) for key in keys)
        assert within or each.table.name == "household_import_rows"  # a file has a line once
