"""Memory of the embedded platform, process by process."""


def measure_memory() -> None:
    pass
