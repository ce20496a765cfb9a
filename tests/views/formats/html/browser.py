"""Chromium without a screen, which opens pages from files and remembers what they ask for and what they run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]  # as root, in a container


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; skips the test without it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the extra [dev]")
    path = next((found for name in NAMES if (found := shutil.which(name)) is not None), None)
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser: Browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Opened:
    """An open page. `asked`: the URLs that it requested beside itself; `trouble`: dialogs, errors and refusals."""

    page: Page
    asked: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def dismiss(self, dialog: Dialog) -> None:
        self.trouble.append(dialog.message)
        dialog.dismiss()


@dataclass
class Opener:
    """Opens documents from files, each in a context of its own."""

    browser: Browser
    folder: Path
    count: int = 0

    def __call__(self, document: str, *, width: int = 1440, scheme: str = "light", **options: Any) -> Opened:
        self.count += 1
        path = self.folder / f"page-{self.count}.html"
        path.write_text(document, encoding="utf-8")
        given = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        context = self.browser.new_context(**(given | options))
        opened = Opened(context.new_page())
        opened.page.on("request", lambda request: opened.asked.append(request.url))
        opened.page.on("dialog", opened.dismiss)
        opened.page.on("pageerror", lambda error: opened.trouble.append(str(error)))
        opened.page.on("console", lambda message: opened.trouble.append(message.text))
        opened.page.goto(path.as_uri(), wait_until="load")
        assert opened.asked.pop(0) == path.as_uri()
        return opened
