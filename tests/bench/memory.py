"""Memory of the embedded platform, process by process: at rest, and while the story is told."""

import asyncio
import threading
from collections import Counter

import psutil

from deploy.acting import Acting
from deploy.smoke import tell_the_story
from tests.bench.ground import report


def measure_memory(pid: int, url: str, acting: Acting) -> None:
    """Print what each process of a platform holds, in MB of resident memory."""
    _report_processes("memory_at_rest", _resident(pid), goal="<= 400 MB")
    _report_processes("memory_at_work", _highest_during_story(pid, url, acting))


def _highest_during_story(pid: int, url: str, acting: Acting) -> dict[str, int]:
    highest: Counter[str] = Counter()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            for name, size in _resident(pid).items():
                highest[name] = max(highest[name], size)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        asyncio.run(tell_the_story(url, acting, lambda _: None))
    finally:
        done.set()
        watcher.join()
    return dict(highest)


def _resident(pid: int) -> dict[str, int]:
    """Return the memory of a process and all that it started, by what they are; shared pages are counted once."""
    sizes: Counter[str] = Counter()
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        try:
            command, memory = " ".join(process.cmdline()), process.memory_full_info()
        except psutil.Error:
            continue
        sizes[_kind(command)] += memory.pss
    return dict(sizes)


def _kind(command: str) -> str:
    for part, name in (("deploy.embedded.simulated", "bank and SMS gateway"), ("postgres", "PostgreSQL")):
        if part in command:
            return name
    return "four services" if "deploy.cli" in command or "ansinh up" in command else "supervisors"


def _report_processes(figure: str, sizes: dict[str, int], *, goal: str = "") -> None:
    by_process = {name: round(size / 1e6, 1) for name, size in sorted(sizes.items())}
    report(figure, sum(sizes.values()) / 1e6, "MB", goal=goal, processes=by_process)
