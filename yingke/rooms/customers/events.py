"""Facts about customers."""

from __future__ import annotations

from yingke.kernel.entries import Event, event


@event("customers.changed")
class CustomerChanged(Event, frozen=True):
    """The customer's row is another; the name as it is now is told by `api.refs`."""

    customer_id: int
