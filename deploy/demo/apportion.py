"""Dividing a whole number into whole parts that add up to it: the method of the largest remainders."""

from collections.abc import Sequence


def apportion(total: int, weights: Sequence[int], caps: Sequence[int] | None = None) -> list[int]:
    """Return parts of `total` in proportion to weights; none is over its cap, and they add up.

    Each part is its exact share rounded down or up, the largest remainders up; of equal ones the first. What does not
    fit under a cap goes to the others in proportion.

    Raises:
        ValueError: the total does not fit under the caps of what has weight.
    """
    parts = [0] * len(weights)
    open_ = [index for index, weight in enumerate(weights) if weight > 0 and (caps is None or caps[index] > 0)]
    left = total
    while left:
        if not open_:
            raise ValueError(f"{left} of {total} fit nowhere")
        whole = sum(weights[index] for index in open_)
        shares = {index: divmod(left * weights[index], whole) for index in open_}
        full = [index for index in open_ if caps is not None and shares[index][0] >= caps[index]]
        if not full:
            _share_out(parts, shares, left)
            return parts
        for index in full:
            parts[index] = caps[index] if caps is not None else 0
            left -= parts[index]
        open_ = [index for index in open_ if index not in set(full)]
    return parts


def _share_out(parts: list[int], shares: dict[int, tuple[int, int]], left: int) -> None:
    for index, (part, _) in shares.items():
        parts[index] = part
    rest = left - sum(part for part, _ in shares.values())
    for index in sorted(shares, key=lambda each: (-shares[each][1], each))[:rest]:
        parts[index] += 1
