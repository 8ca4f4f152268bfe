"""Every figure of a report as PNG and SVG files, drawn by a headless Chromium that is installed already.

The page itself draws them: opened with ``#pictures`` it writes each figure's SVG and PNG into itself as text, so one
start of the browser gives all, and a picture in a file is the picture on the page. The browser is given a profile of
its own in a temporary folder, and nothing of the network is used.
"""

import base64
import binascii
import html
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tidegate import files
from tidegate.errors import KeptError, MissingExtraError, UnknownNameError
from tidegate.report.csvs import safe_name
from tidegate.report.page import page
from tidegate.types.report import Report

__all__ = ["browser_path", "pictures", "read_page"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
)
SECONDS = 120


def browser_path() -> str:
    """Path of the first Chromium found; raises `MissingExtraError` where there is none."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise MissingExtraError(
        "no Chromium was found to draw pictures with",
        expected=" or ".join(BROWSERS),
        where="PATH",
        hint="install one (`apt install chromium`), or use the PNG and SVG buttons under each figure of report.html",
    )


def pictures(
    report: Report,
    folder: Path,
    *,
    forms: Sequence[Literal["png", "svg"]] = ("png", "svg"),
    language: Literal["en", "zh"] = "en",
    theme: Literal["light", "dark"] = "light",
    only: Sequence[str] | None = None,
) -> list[Path]:
    """Write each figure of `report` into `folder` as ``KEY.png`` (1,920 pixels wide) and ``KEY.svg``.

    Returns
    -------
    The paths, in the report's order.

    Raises
    ------
    MissingExtraError
        No Chromium is installed.
    UnknownNameError
        `only` names a figure that the report does not have.
    KeptError
        The browser failed, or the folder cannot be written.
    """
    known = [figure.key for figure in report.figures]
    wanted = list(known if only is None else only)
    for key in wanted:
        if key not in known:
            raise UnknownNameError.among("figure", key, known, where=report.name)
    drawn = read_page(page(report), f"{language},{theme},pictures")
    found = {(html.unescape(key), form): html.unescape(text) for key, form, text in _PRE.findall(drawn)}
    paths = []
    for key in wanted:
        for form in forms:
            if (key, form) not in found:
                raise KeptError(
                    "the browser did not draw a figure",
                    where=key,
                    expected=form,
                    hint=f"open the page's address with #figure={key} and look",
                )
            path = folder / f"{safe_name(key)}.{form}"
            files.write_bytes(path, found[key, form].encode() if form == "svg" else _decoded(found[key, form], key))
            paths.append(path)
    return paths


_PRE = re.compile(r'<pre data-figure="([^"]*)" data-form="(png|svg)">(.*?)</pre>', re.DOTALL)


def read_page(text: str, hash_: str, *, width: int = 1280) -> str:
    """Open a page's `text` in the browser at ``#hash_`` and return its document once its script has finished."""
    browser = browser_path()
    with tempfile.TemporaryDirectory(prefix="tidegate-") as folder:
        path = Path(folder) / "page.html"
        files.write_text(path, text)
        command = [
            browser,
            *FLAGS,
            f"--user-data-dir={folder}/profile",
            f"--window-size={width},1600",
            "--virtual-time-budget=60000",
            "--dump-dom",
            f"{path.as_uri()}#{hash_}",
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - a browser we looked up, a file we wrote
        except (OSError, subprocess.TimeoutExpired) as error:
            raise KeptError("the browser could not be run", where=browser, found=str(error)[:200]) from error
    if done.returncode != 0 or not done.stdout:
        raise KeptError("the browser failed", where=browser, found=done.stderr.decode(errors="replace")[-300:])
    return done.stdout.decode(errors="replace")


def _decoded(text: str, key: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise KeptError("the browser gave a broken picture", where=key) from error
