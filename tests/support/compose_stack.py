"""The services of docker-compose.yml as plain processes: their commands, variables, mounts, secrets and order.

Each has an address of its own on the loopback network in place of its name, folders in place of its file system, and
sees only the secrets that the file gives it. What an image does before the command is in `compose_images`.
"""

import asyncio
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from typing import Any

from deploy.child import Child
from tests.support.compose_file import ROOT, read, read_variables

_PROGRAMS = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
_PATIENCE = 300.0  # Keycloak on a busy machine
_BETWEEN_CHECKS = 0.3  # a check is a program of its own


@dataclass
class Translation:
    """What a text inside a container says, as patterns, and what stands for each here."""

    patterns: dict[str, str] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        """Return the text with everything replaced, in one pass."""
        stands_for = list(self.patterns.values())
        one = "|".join(f"({pattern})" for pattern in self.patterns)
        return re.sub(one, lambda found: stands_for[(found.lastindex or 0) - 1], text)


@dataclass
class Container:
    """One service of the file as a process. `extra` are variables that its image would set."""

    name: str
    definition: Mapping[str, Any]
    address: str
    folder: Path
    here: Translation
    extra: dict[str, str] = field(default_factory=dict)
    process: Child | None = None

    @property
    def log(self) -> Path:
        """What the program wrote."""
        return self.folder / "log"

    @property
    def command(self) -> list[str]:
        """The command, as it is run here."""
        return [self.here(part) for part in self.definition["command"]]

    @property
    def environment(self) -> dict[str, str]:
        """What the container would see, and the way to programs."""
        own = {name: self.here(value) for name, value in self.definition.get("environment", {}).items()}
        return {"PATH": _PROGRAMS, "HOME": str(self.folder), **own, **self.extra}

    def start(self, command: list[str] | None = None, enter: list[str] | None = None) -> None:
        """Start the process, again where it has run before."""
        self.stop()
        self.process = Child(
            command or self.command,
            stop_signal=Signals[self.definition.get("stop_signal", "SIGTERM")],
            log=self.log,
            environment=self.environment,
            enter=enter or [],
        )

    def stop(self) -> None:
        """Ask the process to end and wait until it has."""
        process, self.process = self.process, None
        if process is not None:
            process.stop(within=30, then=Signals.SIGKILL)

    def run(self, command: list[str]) -> "subprocess.CompletedProcess[str]":
        """Run another command in the container and wait for its end, as `docker compose exec` does."""
        return subprocess.run(
            [self.here(part) for part in command], env=self.environment, capture_output=True, text=True, check=False
        )

    async def until_healthy(self) -> None:
        """Return when the container's own health check passes; fail the test when its process ends first."""
        deadline = time.monotonic() + _PATIENCE
        while (await asyncio.to_thread(self.run, self.definition["healthcheck"]["test"][1:])).returncode != 0:
            assert self.process is not None
            assert self.process.returncode() is None, f"{self.name} ended:\n{self.last_lines()}"
            assert time.monotonic() < deadline, f"{self.name} is not healthy:\n{self.last_lines()}"
            await asyncio.sleep(_BETWEEN_CHECKS)

    async def until_done(self) -> None:
        """Return when the process has ended well; fail the test otherwise."""
        assert self.process is not None
        code = await asyncio.to_thread(self.process.wait, _PATIENCE)
        assert code == 0, f"{self.name} ended with {code}:\n{self.last_lines()}"

    def last_lines(self) -> str:
        """Return the end of what the program wrote."""
        return self.log.read_text(errors="replace")[-3000:]


class Stack:
    """The services of the file, with the `.env` and secrets of `home`.

    `up` starts those of the profiles that `.env` names; commands run in the others too. `images` start the containers
    of an image that does something before the command.
    """

    def __init__(
        self,
        home: Path,
        network: str,
        images: Mapping[str, Callable[[Container], None]],
    ) -> None:
        variables = read_variables(home / ".env")
        profiles = set(variables["COMPOSE_PROFILES"].split(","))
        self._home = home
        self._images = images
        self._services = read(variables)["services"]
        self._wanted = {
            name
            for name, service in self._services.items()
            if "profiles" not in service or profiles & set(service["profiles"])
        }
        self._addresses = {name: f"{network}.{number}" for number, name in enumerate(self._services, 10)}
        self.containers = {name: self._container(name) for name in self._services}

    def __getitem__(self, name: str) -> Container:
        return self.containers[name]

    async def up(self) -> None:
        """Start everything in the order of the conditions; return when all that lasts is healthy."""
        ready = {name: asyncio.Event() for name in self._wanted}

        async def bring(name: str) -> None:
            for needed in self._services[name].get("depends_on", {}):
                await ready[needed].wait()
            await self.bring(name)
            ready[name].set()

        async with asyncio.TaskGroup() as group:
            for name in self._wanted:
                group.create_task(bring(name))

    async def bring(self, name: str) -> None:
        """Start one service; return when it is healthy, or done where it runs once."""
        container = self.containers[name]
        image = container.definition["image"].partition(":")[0]
        await asyncio.to_thread(self._images.get(image, Container.start), container)
        await (container.until_done() if container.definition["restart"] == "no" else container.until_healthy())

    async def down(self) -> None:
        """Stop everything, what the others stand on last."""
        ground = ("kafka", "postgres")
        above = [container for name, container in self.containers.items() if name not in ground]
        for together in (above, [self.containers[name] for name in ground]):
            await asyncio.gather(*(asyncio.to_thread(container.stop) for container in together))

    def _container(self, name: str) -> Container:
        service = self._services[name]
        folder = self._home / "containers" / name
        folder.mkdir(parents=True)
        address = self._addresses[service.get("network_mode", "").removeprefix("service:") or name]
        # A name stands before its port, in addresses and in the gateway's file.
        patterns = {rf"\b{other}(?=[: ]\d{{4}}\b)": at for other, at in self._addresses.items()}
        patterns |= {r"0\.0\.0\.0": address, r"127\.0\.0\.1": address, "/run/secrets": str(self._secrets(name, folder))}
        files: dict[Path, Path] = {}
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            if source.startswith("."):
                files[ROOT / source] = folder / "mounted" / target.strip("/")
                patterns[re.escape(target)] = str(files[ROOT / source])
            else:
                patterns[rf"{target}\b"] = str(_made(self._home / "volumes" / source))
        for target in (mount.partition(":")[0] for mount in service["tmpfs"]):
            patterns[rf"(?<![\w/]){target}\b"] = str(_made(folder / "memory" / target.strip("/")))
        here = Translation(patterns)
        for source, copy in files.items():
            _made(copy.parent)
            copy.write_text(here(source.read_text()))
        return Container(name, service, address, folder, here)

    def _secrets(self, name: str, folder: Path) -> Path:
        store = _made(folder / "secrets")
        for secret in self._services[name].get("secrets", []):
            source = self._home / "secrets" / secret
            (shutil.copytree if source.is_dir() else shutil.copy)(source, store / secret)
        return store


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def free_network() -> str:
    """Return the first three numbers of a network inside 127.0.0.0/8, by chance: nobody else's programs are there."""
    chance = random.SystemRandom()
    return f"127.{chance.randrange(1, 255)}.{chance.randrange(256)}"
