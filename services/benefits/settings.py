"""Settings of this service alone."""

from pydantic import Field

from shared.settings import ServiceSettings


class BenefitsSettings(ServiceSettings):
    """Where the bank is, and whether it is the simulated one."""

    bank_url: str | None = Field(default=None, description="base URL of the bank's HTTP channel; none: nothing is sent")
    bank_simulated: bool = Field(default=False, description="the bank behind `bank_url` is the simulated one")
    bank_timeout: float = Field(default=60.0, gt=0, description="seconds to wait for the bank's answer")
    bank_poll: float = Field(default=1.0, gt=0, description="seconds between two looks at the bank")
