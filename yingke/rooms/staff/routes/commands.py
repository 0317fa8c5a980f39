"""Commands about oneself and about others (docs/protocol.md 5.2)."""

from __future__ import annotations

from typing import Annotated

import msgspec

from yingke.kernel.commands import SIGNED_IN, Context, command
from yingke.kernel.parse import Args, Name, OutKey
from yingke.rooms.staff import rules, terms
from yingke.rooms.staff.actions import people, presence
from yingke.rooms.staff.actions.people import NewStaff, StaffChange
from yingke.rooms.staff.actions.presence import Nothing
from yingke.rooms.staff.actions.sessions import hash_password
from yingke.rooms.staff.queries import people as read_people
from yingke.rooms.staff.queries.people import GroupRow, MeRow, StaffRow
from yingke.rooms.staff.routes.passwords import aside
from yingke.rooms.staff.terms import Intent, Locale

Password = Annotated[str, msgspec.Meta(max_length=1000)]


class SetIntent(Args, frozen=True):
    intent: Intent
    reason: Annotated[str, msgspec.Meta(max_length=rules.MAX_REASON)] | None = None


class SetIdle(Args, frozen=True):
    idle: bool


class SetLocale(Args, frozen=True):
    locale: Locale


class NewAccount(NewStaff, frozen=True, kw_only=True):
    """A member of staff to be made, with the password they begin with."""

    password: Password


class SetPassword(Args, frozen=True):
    staff: OutKey
    password: Password


class NewGroup(Args, frozen=True):
    name: Name


class RenameGroup(Args, frozen=True):
    group: OutKey
    name: Name


@command("staff.set_intent", viewer="staff", right=SIGNED_IN)
async def set_intent(ctx: Context, args: SetIntent) -> MeRow:
    """Say what one is there for; a reason goes with `away`."""
    return await ctx.write(presence.set_intent, args.intent, args.reason)


@command("staff.set_idle", viewer="staff", right=SIGNED_IN)
async def set_idle(ctx: Context, args: SetIdle) -> Nothing:
    """Say that there was no input for a while, or that there is again."""
    return await ctx.write(presence.set_idle, args.idle)


@command("staff.set_locale", viewer="staff", right=SIGNED_IN)
async def set_locale(ctx: Context, args: SetLocale) -> MeRow:
    """Choose the language one is spoken to in."""
    return await ctx.write(people.set_locale, args.locale)


@command("staff.create", viewer="staff", right=terms.MANAGE)
async def create(ctx: Context, args: NewAccount) -> StaffRow:
    """Make a member of staff."""
    rules.check_password(args.password, rules.must_be_email(args.email))
    return await ctx.write(people.create, args, await aside(hash_password, args.password))


@command("staff.change", viewer="staff", right=terms.MANAGE)
async def change(ctx: Context, args: StaffChange) -> StaffRow:
    """Change what is given of a member of staff."""
    return await ctx.write(people.change_staff, args)


@command("staff.set_password", viewer="staff", right=terms.MANAGE)
async def set_password(ctx: Context, args: SetPassword) -> StaffRow:
    """Give somebody another password, and end their sessions."""
    email = await ctx.db.read(read_people.email_of, args.staff)
    rules.check_password(args.password, email)
    return await ctx.write(people.set_password, args.staff, await aside(hash_password, args.password))


@command("staff.create_group", viewer="staff", right=terms.MANAGE)
async def create_group(ctx: Context, args: NewGroup) -> GroupRow:
    """Make a group."""
    return await ctx.write(people.create_group_row, args.name)


@command("staff.rename_group", viewer="staff", right=terms.MANAGE)
async def rename_group(ctx: Context, args: RenameGroup) -> GroupRow:
    """Give a group another name."""
    return await ctx.write(people.rename_group, args.group, args.name)
