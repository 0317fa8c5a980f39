"""What may have to come from the machine's own packages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tools.dev.shell import Trouble, run, step

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def apt_install(*packages: str) -> bool:
    """Install Debian packages if we may; False where there is no apt or we are not root."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    with step(f"Installing {' and '.join(packages)} with apt-get"):
        run(["apt-get", "update"], cwd=Path.cwd(), env=env)
        run(["apt-get", "install", "-y", "--no-install-recommends", *packages], cwd=Path.cwd(), env=env)
    return True


def find_chromium() -> str | None:
    """The browser for the browser tests: the system's, or the one YINGKE_TEST_CHROMIUM names."""
    return os.environ.get("YINGKE_TEST_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def ensure_chromium() -> None:
    if find_chromium():
        return
    # Without a CJK font Chinese is drawn as empty boxes, and every width in a screenshot is wrong.
    apt_install("chromium", "fonts-noto-cjk")
    if not find_chromium():
        raise Trouble(
            "The browser tests need Chromium: please type `sudo apt-get install chromium fonts-noto-cjk` "
            "(or set YINGKE_TEST_CHROMIUM to a Chromium or Chrome), or run `./dev test --quick` without them."
        )
