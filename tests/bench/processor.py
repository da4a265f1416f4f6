"""Time of the processor: what work costs, however busy the machine is with other things."""

import psutil

_KINDS = ("services", "postgresql", "broker")


def processor_seconds() -> dict[str, float]:
    """Return the seconds that our child processes have computed so far, by what they are."""
    seconds = dict.fromkeys(_KINDS, 0.0)
    for process in psutil.Process().children(recursive=True):
        try:
            command, times = " ".join(process.cmdline()), process.cpu_times()
        except psutil.Error:
            continue
        kind = "postgresql" if "postgres" in command else "broker" if "java" in command else "services"
        seconds[kind] += times.user + times.system
    return seconds


def microseconds_each(before: dict[str, float], after: dict[str, float], units: int) -> dict[str, int]:
    """Return how long each unit of work was computed on, by the kind of process."""
    return {kind: round(1e6 * (after[kind] - before[kind]) / units) for kind in sorted(after)}
