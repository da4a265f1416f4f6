"""`ansinh smoke`: the platform's whole story, told over HTTP alone against a platform whose bank is simulated."""

from deploy.smoke.failure import SmokeFailed
from deploy.smoke.story import tell_the_story

__all__ = ["SmokeFailed", "tell_the_story"]
