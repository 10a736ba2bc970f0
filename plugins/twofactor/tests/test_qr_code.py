# SPDX-License-Identifier: MIT
"""The QR code of the drawn set-up page, read from a screenshot of Chromium by two independent decoders."""

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser

from ccm_core.plugin_api import Page, Redirect
from ccm_twofactor import totp

POLICY = "default-src 'none'; base-uri 'none'; form-action 'self'"


def screenshot(browser: Browser, part: str, *, width: int = 1100) -> bytes:
    """Return how Chromium shows a page part on black ground under a policy without any inline style or script."""
    html = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Part</title><body bgcolor="black">{part}'
    complaints: list[str] = []
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html; charset=utf-8"}
        page.route("**/*", lambda route: route.fulfill(body=html, headers=headers))
        page.goto("http://set-up.invalid/")
        image = page.locator("svg[role=img]").screenshot()
    assert complaints == []
    return image


def read_by_zbar(image: bytes, folder: Path) -> list[str]:
    zbarimg = shutil.which("zbarimg")
    assert zbarimg, "zbarimg is missing: apt-get install zbar-tools"
    file = folder / "page.png"
    file.write_bytes(image)
    command = [zbarimg, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(file)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def read_by_zxing(image: bytes) -> list[str]:
    with Image.open(io.BytesIO(image)) as picture:
        return [code.text for code in zxingcpp.read_barcodes(picture.convert("L"))]


@pytest.mark.parametrize(
    "issuer",
    ["", "CCM", "Müller & Söhne GmbH", "n" * 64, "日本語の会社" * 10],
    ids=["host name", "short", "umlauts", "64 letters", "60 ideographs"],
)
def test_two_decoders_read_the_drawn_set_up_page(
    browser: Browser,
    tmp_path: Path,
    visit: Callable[..., Page | Redirect],
    draw: Callable[..., str],
    issuer: str,
) -> None:
    visit("POST", "setup/begin")
    page = visit("GET", "setup", issuer=issuer)
    assert isinstance(page, Page)
    image = screenshot(browser, draw(page))
    assert read_by_zbar(image, tmp_path) == [page.context["uri"]]
    assert read_by_zxing(image) == [page.context["uri"]]


def test_two_decoders_read_a_small_code_of_a_telephone_screen(
    browser: Browser, tmp_path: Path, visit: Callable[..., Page | Redirect], draw: Callable[..., str]
) -> None:
    visit("POST", "setup/begin")
    page = visit("GET", "setup")
    assert isinstance(page, Page)
    image = screenshot(browser, draw(page), width=240)
    assert read_by_zbar(image, tmp_path) == read_by_zxing(image) == [page.context["uri"]]


def test_the_longest_uri_there_can_be_still_fits(browser: Browser, tmp_path: Path) -> None:
    uri = totp.key_uri(bytes(20), issuer="🔐" * 64, account="🔐" * 64)
    code = totp.qr_code(uri)
    part = f'<svg viewBox="0 0 {code.size} {code.size}" role="img"><rect width="100%" height="100%" fill="#fff"/>'
    image = screenshot(browser, f'{part}<path d="{code.path}"/></svg>')
    assert read_by_zbar(image, tmp_path) == read_by_zxing(image) == [uri]


def test_the_quiet_zone_is_four_modules_wide_on_every_side() -> None:
    code = totp.qr_code(totp.key_uri(bytes(20), issuer="consent.example.org", account="erika"))
    runs = [tuple(map(int, run)) for run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", code.path)]
    assert min(x for x, _, _ in runs) == min(y for _, y, _ in runs) == 4
    assert max(x + length for x, _, length in runs) == max(y + 1 for _, y, _ in runs) == code.size - 4


def test_a_usual_uri_needs_a_code_that_a_telephone_reads_from_a_screen() -> None:
    code = totp.qr_code(totp.key_uri(bytes(20), issuer="consent.example.org", account="erika"))
    assert code.size - 8 <= 45  # version 7


def test_the_code_is_made_with_the_least_redundancy_and_mask_2_without_trying_others() -> None:
    """The first five modules of row 8 name level (L: 01) and mask (2: 010), exclusive-or 10101 (ISO/IEC 18004, 7.9)."""
    code = totp.qr_code(totp.key_uri(b"A" * 20, issuer="consent.example.org", account="erika"))
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", code.path)
    row = {int(x) + at for x, y, length in runs if int(y) == 4 + 8 for at in range(int(length))}
    assert [x for x in range(4, 9) if x in row] == [4, 5, 6, 7, 8]
