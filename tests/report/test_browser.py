"""The page in a real browser: every figure drawn, nothing complained about, in both languages and both themes."""

import re
import struct
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from report_example import example

from tidegate.errors import MissingExtraError, UnknownNameError
from tidegate.report.page import page
from tidegate.report.pictures import FLAGS, browser_path, pictures

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> str:
    try:
        return browser_path()
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(example()), encoding="utf-8")
    return path


def opened(browser, path, hash_, width=1280):
    """The document after its script, the attributes of its root, and what the console said."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            *FLAGS,
            f"--user-data-dir={profile}",
            f"--window-size={width},1600",
            "--virtual-time-budget=60000",
            "--enable-logging=stderr",
            "--v=0",
            "--dump-dom",
            f"{path.as_uri()}#{hash_}",
        ]
        done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    text = done.stdout.decode()
    root = dict(re.findall(r'([\w-]+)="([^"]*)"', re.search(r"<html([^>]*)>", text)[1]))
    return text, root, [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize(
    "hash_, lang, theme, words",
    [
        ("en,light", "en", "light", "Where this comes from"),
        ("zh,dark", "zh-CN", "dark", "数据与环境来源"),
    ],
)
def test_page_is_drawn_without_complaint(browser, path, hash_, lang, theme, words):
    text, root, console = opened(browser, path, hash_)
    assert console == []
    assert root.get("data-fault") is None
    assert root["data-errors"] == "0"
    assert root["data-ready"] == "true"
    assert (root["lang"], root["data-theme"]) == (lang, theme)
    assert int(root["data-figures"]) == len(example().figures)
    assert "data-hacked" not in root
    assert words in text
    assert text.count("<canvas") >= len(example().figures)
    assert len(re.findall(r"<section ", text)) == 6


def test_pictures_of_every_figure(browser, tmp_path):
    held = example()
    paths = pictures(held, tmp_path, language="zh", theme="dark")
    assert [p.name for p in paths] == [f"{f.key}.{form}" for f in held.figures for form in ("png", "svg")]
    for path in paths:
        if path.suffix == ".svg":
            text = path.read_text(encoding="utf-8")
            assert ET.fromstring(text).tag.endswith("svg")
            assert "<script" not in text
            assert len(text) > 2000
        else:
            data = path.read_bytes()
            assert data[:8] == b"\x89PNG\r\n\x1a\n"
            assert struct.unpack(">I", data[16:20])[0] == 1920
    assert "双输入网络" in (tmp_path / "b1.svg").read_text(encoding="utf-8")


def test_unknown_figure_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown figure 'b22'.*'b2'"):
        pictures(example(), tmp_path, only=["b22"])


def test_without_a_browser_the_hint_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match=r"no Chromium was found.*apt install chromium"):
        pictures(example(), tmp_path)
