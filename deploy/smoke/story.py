"""The story, step by step."""

from collections.abc import Callable

import httpx

from deploy.smoke.failure import SmokeFailed


async def tell_the_story(url: str, say: Callable[[str], None]) -> None:
    """Tell it against the platform at `url`, a line a step. Raises SmokeFailed."""
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        for service in ("registry", "benefits", "indicators", "notifications"):
            answer = await client.get(f"/{service}/readyz")
            if answer.is_error:
                raise SmokeFailed(f"{service} chưa sẵn sàng. / {service} is not ready: {answer.text}")
            say(f"✓ {service}")
