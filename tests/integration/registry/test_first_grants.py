"""`ansinh grant` on the registry's own database."""

import pytest
from typer.testing import CliRunner

from deploy import cli
from tests.support.postgres import CreateDatabase


@pytest.fixture
async def registry_url(create_database: CreateDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    url = await create_database("registry")
    monkeypatch.setenv("ANSINH_DATABASE_URL", url)
    return url


def test_the_first_grants_are_made_once_and_then_no_more(registry_url: str) -> None:
    run = CliRunner()
    first = run.invoke(cli.app, ["grant", "an:operator", "binh:province_officer", "mai:commune_officer:08566"])
    assert (first.exit_code, first.output) == (0, "Đã giao 3 vai trò. / 3 roles granted.\n")
    again = run.invoke(cli.app, ["grant", "an:operator"])
    assert (again.exit_code, again.output) == (0, "Đã giao 0 vai trò. / 0 roles granted.\n")
    late = run.invoke(cli.app, ["grant", "mallory:operator"])
    assert late.exit_code == 1
    assert "POST /registry/v1/grants" in late.output


@pytest.mark.parametrize("written", ["mai", "mai:mayor", ":operator", "mai:public"])
def test_what_is_no_grant_is_refused_with_the_roles_there_are(registry_url: str, written: str) -> None:
    refused = CliRunner().invoke(cli.app, ["grant", written])
    assert refused.exit_code == 1
    assert "commune_officer" in refused.output
