"""HTML and script are words like any others: shown as they were written, never run."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.desk import Desk, talking

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(2)">',
    '"><svg onload=alert(3)>',
    "{{constructor.constructor('alert(4)')()}}",
    '<a href="javascript:alert(5)">看这里</a> javascript:alert(6)',
    '<iframe srcdoc="<script>parent.alert(7)</script>"></iframe>',
    "<style>body{display:none}</style>",
]


@pytest.mark.parametrize("side", ["visitor", "agent"])
async def test_markup_is_shown_and_never_runs(desk: Desk, side: str) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await talking(visitor, agent, f"先打个招呼，{side}")
    for text in HOSTILE:
        await (visitor.send(text) if side == "visitor" else agent.answer(text))
    for text in HOSTILE:
        await visitor.sees(text)
        await agent.sees(text)
    await expect(agent.row(HOSTILE[-1])).to_be_visible()
    for screen in (visitor.log, agent.log, agent.list):
        made = screen.locator("script, img, svg[onload], iframe, style, a[href^=javascript]")
        await expect(made).to_have_count(0)
    # Dialogs, uncaught errors and requests to elsewhere fail the test when the desk is closed.


async def test_an_address_is_a_link_that_leads_nowhere_near_us(desk: Desk) -> None:
    visitor, agent = await desk.visitor(), await desk.agent()
    await talking(visitor, agent, "给个地址")
    await agent.answer("https://example.com/拾光 见")
    link = visitor.log.get_by_role("link")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(link).to_have_attribute("target", "_blank")
