"""Where this machine's Chromium is, if it has one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["NONE_FOUND", "chromium"]

NONE_FOUND = "no Chromium found: install `chromium` or name one in KUMOBAN_TEST_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
#: where macOS keeps what is not on the PATH
BUNDLES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def chromium() -> Path | None:
    """The browser the environment names, else the first on the PATH, else none."""
    named = os.environ.get("KUMOBAN_TEST_CHROMIUM")
    candidates = [named] if named else [*(shutil.which(name) for name in NAMES), *BUNDLES]
    return next((Path(path) for path in candidates if path and Path(path).exists()), None)
