"""The trial with a bank, `docs/bank/uat.md`: every command is run against the simulated bank and shows what it says."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

from deploy.bank_pages import FOLDER
from tests.support.programs import running

_STEP = re.compile(r"```sh\n(.*?)\n# shows (.*?)\n```", re.DOTALL)


def steps() -> list[tuple[str, str]]:
    """Return the commands of the page with what each must show."""
    return _STEP.findall((FOLDER / "uat.md").read_text(encoding="utf-8"))


async def test_every_step_shows_what_the_page_says(tmp_path: Path) -> None:
    async with running("deploy.bank", "--data", tmp_path, "--day", "86400") as bank:
        given = {
            "BANK": bank.url,
            "SAMPLES": str(FOLDER / "samples"),
            "ACCOUNT": "1900999988887777",
            "FILE": "TINHMAU-01-20261123-0WACW8",
            "SECOND": "TINHMAU-01-20261123-0WADVG",
            "NO_PROXY": "127.0.0.1",
        }
        assert len(steps()) >= 15
        for command, shows in steps():
            done = await asyncio.to_thread(
                subprocess.run,
                ["bash", "-c", command],
                env=os.environ | given,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert shows in done.stdout, f"{command}\n{done.stdout}\n{done.stderr}"
