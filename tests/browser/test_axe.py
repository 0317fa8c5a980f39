"""axe finds nothing, on any page, in any state."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.desk import Desk
from tests.browser.tour import Tour
from tests.support.server import ROOT

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

RUN = """
async (tags) => {
  const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ['violations'] })
  const one = ({ html, failureSummary }) => `    ${html}\\n      ${failureSummary}`
  return violations.map(({ id, help, nodes }) => [`${id}: ${help}`, ...nodes.slice(0, 4).map(one)].join('\\n'))
}
"""


class Inspector:
    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._script = (ROOT / "web/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")

    async def look(self, state: str, page: Page) -> None:
        if not await page.evaluate("'axe' in window"):
            await page.evaluate(self._script)
        if violations := await page.evaluate(RUN, TAGS):
            self.found[state] = violations

    def told(self) -> str:
        """Each violation once, with the states in which it shows."""
        where: dict[str, list[str]] = {}
        for state, violations in self.found.items():
            for violation in violations:
                where.setdefault(violation, []).append(state)
        return "\n".join(f"{violation}\n  in: {', '.join(states)}" for violation, states in where.items())


@pytest.mark.parametrize("kind", ["light", "dark", "phone"])
async def test_axe_finds_nothing(desk: Desk, kind: str) -> None:
    inspector = Inspector()
    await Tour(desk, inspector.look, dark=kind == "dark", phone=kind == "phone").walk()
    assert not inspector.found, inspector.told()
