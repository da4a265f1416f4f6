"""A program that ends with us: not by a signal that the kernel may forget, but by a pipe that closes when we die."""

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import Signals

# The shell keeps the read end of a pipe whose only write end is ours. End of file means that we stopped the program
# or died, however we died; then the program is asked to end. PR_SET_PDEATHSIG would not do: entering a user namespace
# clears it.
_SUPERVISOR = """
stop=$1; shift
exec 3<&0 4>&1 </dev/null >&2
"$@" 3<&- 4>&- &
child=$!
echo $child >&4
exec 4>&-
{ read -r _ <&3; kill -s "$stop" $child; } 2>/dev/null &
watcher=$!
exec 3<&-
wait $child; status=$?
kill $watcher 2>/dev/null
exit $status
"""

# A worker process made by fork would keep our pipes and locks open after our death; it lets go of them at once.
_ours_alone: set[int] = set()


def _let_go() -> None:
    for descriptor in _ours_alone:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _ours_alone.clear()


os.register_at_fork(after_in_child=_let_go)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def keep_from_forks(descriptor: int) -> None:
    """Have every process that this one forks close `descriptor` first."""
    _ours_alone.add(descriptor)


def close_own(descriptor: int) -> None:
    """Close a descriptor that `keep_from_forks` was told of."""
    _ours_alone.discard(descriptor)
    os.close(descriptor)


class Child:
    """A running program with its supervisor, in a session of its own so that Ctrl-C does not reach it.

    `stop_signal` asks the program to end. `enter` is put before everything, for a namespace to enter. `inherit` are
    descriptors that stay open in program and supervisor as long as either lives. What the program prints is appended
    to `log`.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        stop_signal: Signals,
        log: Path,
        environment: Mapping[str, str],
        enter: Sequence[str] = (),
        inherit: Sequence[int] = (),
    ) -> None:
        supervisor = ["/bin/sh", "-c", _SUPERVISOR, "ansinh-supervisor", stop_signal.name.removeprefix("SIG")]
        # Above the numbers that a shell and its script use for themselves.
        passed = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20) for descriptor in inherit]
        with contextlib.ExitStack() as closing, open(log, "ab", opener=_private) as output:
            for descriptor in passed:
                closing.callback(os.close, descriptor)
            self._supervisor = subprocess.Popen(
                [*enter, *supervisor, *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=dict(environment),
                pass_fds=passed,
                start_new_session=True,
            )
        assert self._supervisor.stdin is not None  # noqa: S101  both are pipes
        assert self._supervisor.stdout is not None  # noqa: S101
        keep_from_forks(self._supervisor.stdin.fileno())
        with self._supervisor.stdout as first_line:
            number = first_line.readline().strip()
        self.pid = int(number) if number else None  # None: the supervisor itself did not come up

    def returncode(self) -> int | None:
        """Return the program's exit status (128 + signal when a signal ended it), or None while it runs."""
        return self._supervisor.poll()

    def wait(self, timeout: float) -> int | None:
        """Wait at most `timeout` seconds for the program's end; return as `returncode` does."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._supervisor.wait(timeout)
        return self.returncode()

    def stop(self, *, within: float, then: Signals) -> int:
        """Ask the program to end; after `within` seconds send it `then`. Return its exit status."""
        self._close_pipe()
        if self.wait(within) is None:
            self.signal(then)
        return self._supervisor.wait()

    def kill(self, signal: Signals = Signals.SIGKILL) -> int:
        """End the program with no chance to tidy up; return its exit status."""
        self.signal(signal)
        status = self._supervisor.wait()
        self._close_pipe()
        return status

    def signal(self, signal: Signals) -> None:
        """Send the program a signal. Does nothing when it has ended."""
        # Its number cannot belong to anybody else while the supervisor, which alone reaps it, still runs.
        if self.pid is not None and self.returncode() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal)

    def _close_pipe(self) -> None:
        pipe = self._supervisor.stdin
        if pipe is not None and not pipe.closed:
            _ours_alone.discard(pipe.fileno())
            pipe.close()


def wait_for(condition: Callable[[], bool], *, within: float, every: float = 0.02) -> bool:
    """Ask `condition` until it holds or `within` seconds have passed; return whether it held."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
