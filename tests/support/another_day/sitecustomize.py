"""Put this folder on PYTHONPATH, and the platform of a new process lives `ANSINH_TEST_DAYS` days from now.

The simulated bank and SMS gateway keep their own clocks, as the real ones do.
"""

import os
from datetime import timedelta

from shared import clock

_days = timedelta(days=int(os.environ["ANSINH_TEST_DAYS"]))
_really_now = clock.now
clock.now = lambda: _really_now() + _days
