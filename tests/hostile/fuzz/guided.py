# SPDX-License-Identifier: MIT
"""Fuzzes one parser, or the application as a whole, guided by the code that inputs reach; started by ``make fuzz``.

``python -m tests.hostile.fuzz.guided NAME [libFuzzer's options]``
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["ccm_core", "ccm_twofactor", "tomllib", "werkzeug", "wtforms", "pyotp"]):
    from ccm_core.app import create_app
    from ccm_core.services.logs import stay_silent
    from tests.hostile.fuzz import requests
    from tests.hostile.fuzz.__main__ import REQUESTS
    from tests.hostile.fuzz.parsers import MOST_SECONDS, ODD, Parser, parsers
    from tests.hostile.fuzz.stage import WHO, Stage
    from tests.model.deployment import deployment


class Choices:
    """Choices that an input of the fuzzer stands for."""

    def __init__(self, data: bytes) -> None:
        self._provider = atheris.FuzzedDataProvider(data)

    def pick(self, choices: Sequence[str]) -> str:
        return choices[self.number(len(choices) - 1)]

    def text(self) -> str:
        return str(self._provider.ConsumeUnicode(12))

    def number(self, most: int) -> int:
        return int(self._provider.ConsumeIntInRange(0, most))


def quickly(parser: Parser, text: str) -> None:
    """Check one input; too long is a finding too."""
    assert parser.run(text) < MOST_SECONDS


def text_of(data: bytes) -> str:
    """Return any bytes as text."""
    return data.decode("utf-8", "surrogateescape")


def fuzz(name: str, options: Sequence[str]) -> None:
    """Fuzz one parser in this process, which ends with it."""
    stay_silent()
    with TemporaryDirectory(prefix="ccm-fuzz-") as place:
        folder = Path(place)
        if name == REQUESTS:
            with deployment(folder) as deployed:
                stage = Stage(deployed, create_app(deployed.settings, deployed.clock, deployed.console))
                routes = stage.routes()

                def ask(data: bytes) -> None:
                    choices = Choices(data)
                    caller = stage.caller(choices.pick(WHO))
                    stage.ask(caller, requests.request(choices, *routes[choices.number(len(routes) - 1)]))

                run(ask, options)
        parser = parsers(folder)[name]
        one_input = any(not option.startswith("-") for option in options)
        run(lambda data: quickly(parser, text_of(data)), options if one_input else [*options, *hints(parser, folder)])


def hints(parser: Parser, folder: Path) -> list[str]:
    """Return the options that give the fuzzer pieces to begin with."""
    words = sorted({word.encode("utf-8", "surrogatepass") for word in (*parser.words, *ODD) if word})
    dictionary, corpus = folder / "words", folder / "corpus"
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words if len(word) <= 64)
    dictionary.write_text("".join(lines), "ascii")
    corpus.mkdir()
    for number, word in enumerate(words):
        (corpus / str(number)).write_bytes(word)
    return [f"-dict={dictionary}", str(corpus)]


def run(check: Callable[[bytes], None], options: Sequence[str]) -> None:
    """Hand over to the fuzzer, which ends the process."""
    atheris.Setup([sys.argv[0], *options], check)
    atheris.Fuzz()


if __name__ == "__main__":
    fuzz(sys.argv[1], sys.argv[2:])
