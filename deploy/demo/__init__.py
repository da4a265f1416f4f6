"""The demonstration: the real Phú Thọ with its published totals, and made-up households that add up to them."""
