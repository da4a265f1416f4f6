"""The files of one Kafka partition: cutting off their tail, as a disk that lost its last writes would."""

import struct
from collections.abc import Iterator
from pathlib import Path

# A record batch begins with its first offset (8 bytes) and the length of what follows (4 bytes), and holds the
# distance to its last offset at byte 23: Kafka message format v2, "RecordBatch".
_HEAD = struct.Struct(">qi")
_LAST_OFFSET_DELTA = struct.Struct(">i")
_LAST_OFFSET_DELTA_AT = 23
_BATCH_HEAD_SIZE = 61


def batches(segment: Path) -> Iterator[tuple[int, int, int]]:
    """Yield (place in the file in bytes, first offset, last offset) of each whole batch of a segment file."""
    size = segment.stat().st_size
    place = 0
    with segment.open("rb") as file:
        while place + _BATCH_HEAD_SIZE <= size:
            file.seek(place)
            head = file.read(_BATCH_HEAD_SIZE)
            first, length = _HEAD.unpack_from(head)
            (delta,) = _LAST_OFFSET_DELTA.unpack_from(head, _LAST_OFFSET_DELTA_AT)
            end = place + _HEAD.size + length
            if length <= 0 or end > size:
                return
            yield place, first, first + delta
            place = end


def cut_partition(data: Path, partition: str, keep: int) -> int:
    """Remove from the partition `<topic>-<number>` of a stopped node every batch that reaches offset `keep` or later.

    A batch that straddles `keep` goes whole. Returns the partition's new end offset, `keep` or less.

    Raises:
        FileNotFoundError: the node has no such partition.
    """
    folder = data / partition
    segments = sorted(folder.glob("*.log"))
    if not segments:
        raise FileNotFoundError(f"no partition {partition} in {data}")
    end = int(segments[0].stem)
    for segment in segments:
        if int(segment.stem) >= keep and segment is not segments[0]:
            segment.unlink()
            continue
        for place, _, last in batches(segment):
            if last >= keep:
                with segment.open("r+b") as file:
                    file.truncate(place)
                break
            end = last + 1
    _forget_what_was_derived(data, folder)
    return end


def _forget_what_was_derived(data: Path, folder: Path) -> None:
    """Have the node read the segments again: its indexes, producers' states and checkpoints tell of lost records."""
    for pattern in ("*.index", "*.timeindex", "*.txnindex", "*.snapshot"):
        for file in folder.glob(pattern):
            file.unlink()
    for name in (".kafka_cleanshutdown", "recovery-point-offset-checkpoint", "replication-offset-checkpoint"):
        (data / name).unlink(missing_ok=True)
