"""Sites over HTTP, and the commands that change them."""

from __future__ import annotations

from yingke.kernel.commands import Context, command
from yingke.kernel.http import Db, Page, Who, fetch
from yingke.rooms.visitors import actions, queries, terms
from yingke.rooms.visitors.actions import NewSite, SiteChange
from yingke.rooms.visitors.queries import SiteRow


@fetch("/api/v1/sites", right=terms.READ, tags=["visitors"])
async def list_sites(db: Db, who: Who) -> Page[SiteRow]:
    """Every site, in the order they were made."""
    return Page(await db.read(queries.list_sites, who))


@command("visitors.create_site", viewer="staff", right=terms.MANAGE)
async def create_site(ctx: Context, args: NewSite) -> SiteRow:
    """Make a site."""
    return await ctx.write(actions.create_site, args)


@command("visitors.change_site", viewer="staff", right=terms.MANAGE)
async def change_site(ctx: Context, args: SiteChange) -> SiteRow:
    """Change what is given of a site."""
    return await ctx.write(actions.change_site, args)


routes = [list_sites]
