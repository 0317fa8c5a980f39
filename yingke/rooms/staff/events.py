"""Facts about staff, for the rooms above."""

from __future__ import annotations

from yingke.kernel.entries import Event, event


@event("staff.changed")
class StaffChanged(Event, frozen=True):
    """A member of staff is new or another: name, role, groups, capacity, locale or whether active."""

    staff_id: int


@event("staff.group_changed")
class GroupChanged(Event, frozen=True):
    """A group is new or has another name. Who belongs to it is told by StaffChanged."""

    group_id: int


@event("staff.availability_changed")
class StaffAvailabilityChanged(Event, frozen=True):
    """accepting: whether they are given new conversations now."""

    staff_id: int
    accepting: bool
    connected: bool
    intent: str


@event("staff.sessions_ended")
class SessionsEnded(Event, frozen=True):
    """One or all sessions of this member of staff are gone; what is still open with them must be decided anew."""

    staff_id: int
