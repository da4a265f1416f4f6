"""Settings of this service alone."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from services.benefits.payments.bank.channels import Bank, HttpChannel, ManualChannel, read_banks
from shared.settings import BadSetting, ServiceSettings

BANK = "simbank"  # the bank at `bank_url`


class BenefitsSettings(ServiceSettings):
    """Which banks there are: those of a file, or one at a URL; and whether that one is the simulated one."""

    books_every: float = Field(default=300.0, gt=0, description="seconds between two checks of the books' invariants")
    bank_url: str | None = Field(default=None, description="base URL of the bank's HTTP channel; none: nothing is sent")
    bank_simulated: bool = Field(default=False, description="the bank behind `bank_url` is the simulated one")
    bank_signing_keys: Path | None = Field(default=None, description="our private keys for `bank_url` (JWK set)")
    bank_keys: Path | None = Field(default=None, description="the public keys of the bank behind `bank_url` (JWK set)")
    banks: Path | None = Field(default=None, description="file of the banks and how each is reached (JSON)")
    bank_timeout: float = Field(default=60.0, gt=0, description="seconds to wait for the bank's answer")
    bank_poll: float = Field(default=1.0, gt=0, description="seconds between two looks at the bank")

    def known_banks(self) -> Sequence[Bank]:
        """Return the banks of the file and the one at the URL, which people reach by hand where there is none.

        Raises:
            BadSetting: the file cannot be used, or has a bank of that one's code.
        """
        listed = [] if self.banks is None else list(read_banks(self.banks))
        if any(bank.code == BANK for bank in listed):
            raise BadSetting(f"{self.banks}: the code {BANK} is that of the bank at ANSINH_BANK_URL; choose another.")
        channel: HttpChannel | ManualChannel = ManualChannel(kind="manual")
        if self.bank_url is not None:
            channel = HttpChannel(
                kind="http",
                url=self.bank_url,
                timeout=self.bank_timeout,
                signing_keys=self.bank_signing_keys,
                bank_keys=self.bank_keys,
            )
        return [*listed, Bank(code=BANK, name=BANK, channel=channel)]
