"""The browser of the suite: found on the system, else Debian's package, else one line saying what to type.

python -m tests.chromium             prints the path
python -m tests.chromium --install   installs it first where that is possible
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PACKAGES = ("chromium", "fonts-noto-cjk")

# A browser of the suite talks to the server under test and to nobody else.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)


class ChromiumMissing(RuntimeError):
    """There is no browser; the message is the line to type."""


def find() -> str | None:
    """The path of a Chromium (or `CHROMIUM` from the environment), or None."""
    given = os.environ.get("CHROMIUM")
    if given:
        return given
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in found if path), None) or next((p for p in PLACES if Path(p).exists()), None)


def chromium() -> str:
    """The path of a Chromium. Raises ChromiumMissing with what to type."""
    path = find()
    if path is None:
        raise ChromiumMissing(
            f"A Chromium is needed. Debian or Ubuntu: sudo apt-get install -y {' '.join(PACKAGES)}   "
            "Elsewhere: install Chromium or Chrome, or set CHROMIUM to its path."
        )
    return path


def install() -> str:
    """The path of a Chromium, installed from Debian's packages when there is none and we may."""
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("No Chromium here: installing Debian's.", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", *PACKAGES]):
            subprocess.run(["apt-get", *step], env=environment, check=True, stdout=subprocess.DEVNULL)
    return chromium()


if __name__ == "__main__":
    try:
        path = install() if "--install" in sys.argv else chromium()
    except (ChromiumMissing, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
    if "--install" not in sys.argv:
        print(path)
