"""deploy/compose/monitoring: what is scraped is there, and alerts speak of figures that exist."""

from typing import Any

import pytest
import yaml

from shared.settings import SERVICES
from tests.support.compose_file import ROOT

FOLDER = ROOT / "deploy" / "compose" / "monitoring"
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
SCRAPED = {job["job_name"]: job for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]}


def test_every_copy_of_every_service_is_scraped() -> None:
    for service in SERVICES:
        assert SCRAPED[service]["metrics_path"] == f"/{service}/metrics"
        assert SCRAPED[service]["dns_sd_configs"] == [{"names": [service], "type": "A", "port": 8000}]


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_says_what_it_means_in_both_languages(rule: dict[str, Any]) -> None:
    assert " / " in rule["annotations"]["summary"]
    assert rule["for"]
