# SPDX-License-Identifier: MIT
"""Put the pictures that the browser story took into the manual, small: ``make screenshots``."""

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
TAKEN = ROOT / "test-results" / "images"
IMAGES = ROOT / "docs" / "images"
COLOURS = 96


def main() -> int:
    """Replace all pictures of the manual by what was taken last."""
    taken = sorted(TAKEN.glob("*.png"))
    if not taken:
        print(f"There are no pictures in {TAKEN}: run the browser story first.", file=sys.stderr)  # noqa: T201 - a command's output
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    for old in IMAGES.glob("*.png"):
        old.unlink()
    for path in taken:
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            small.save(IMAGES / path.name, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
