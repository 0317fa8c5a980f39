"""Who hears of customers. No screen lists them yet: rooms above show the names they have copied."""

from __future__ import annotations

from yingke.kernel.entries import Audience


def customer(customer_id: int) -> Audience:
    return Audience(stream=f"customer:{customer_id}", customer_id=customer_id)
