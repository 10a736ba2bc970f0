# SPDX-License-Identifier: MIT
"""Secret and verification: RFC 4226 and 6238, the window, single use, hostile answers."""

import base64
import shutil
import subprocess
from collections.abc import Callable

import pyotp
import pytest

from ccm_core.plugin_api import Enrolment, Passed, Refused
from ccm_twofactor import totp

SECRET = b"12345678901234567890"
CodeAt = Callable[[bytes, int], str]

RFC_4226_APPENDIX_D = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]
RFC_6238_APPENDIX_B = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


def enrolment(secret: bytes = SECRET, *, counter: int = 0, number: int = 1) -> Enrolment:
    return Enrolment(number, "Smartphone app", secret, counter, confirmed=True)


def reason(verdict: Passed | Refused) -> str:
    assert isinstance(verdict, Refused)
    return verdict.reason


@pytest.mark.parametrize(("step", "code"), list(enumerate(RFC_4226_APPENDIX_D)))
def test_the_codes_of_rfc_4226_pass_in_their_step(step: int, code: str) -> None:
    assert totp.verify([enrolment(counter=-1)], code, step * 30.0) == Passed(1, counter=step)


@pytest.mark.parametrize(("time", "code"), list(RFC_6238_APPENDIX_B.items()))
def test_the_codes_of_rfc_6238_pass_at_their_time(time: int, code: str) -> None:
    assert totp.verify([enrolment()], code[2:], time) == Passed(1, counter=time // 30)


@pytest.mark.parametrize("now", [59, 1_700_000_017, 4_294_967_296 * 30])
def test_the_code_of_an_independent_program_passes(now: int) -> None:
    oathtool = shutil.which("oathtool")
    assert oathtool, "oathtool is missing: apt-get install oathtool"
    secret = totp.new_secret()
    command = [oathtool, "--totp", "--base32", totp.base32_key(secret), "--now", f"@{now}"]
    code = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert totp.verify([enrolment(secret)], code, now) == Passed(1, counter=now // 30)


@pytest.mark.parametrize("moved", [-1, 0, 1])
@pytest.mark.parametrize("second", [0, 0.5, 29.99])
def test_a_code_of_the_step_before_and_after_passes_with_its_own_step(
    code_at: CodeAt, moved: int, second: float
) -> None:
    now = 1_000 * 30 + second
    assert totp.verify([enrolment()], code_at(SECRET, 1_000 + moved), now) == Passed(1, counter=1_000 + moved)


@pytest.mark.parametrize("moved", [-3, -2, 2, 3])
def test_a_code_of_two_steps_away_is_wrong(code_at: CodeAt, moved: int) -> None:
    assert reason(totp.verify([enrolment()], code_at(SECRET, 1_000 + moved), 1_000 * 30.0)) == "wrong"


def test_a_code_works_until_the_app_has_shown_the_next_one_for_its_whole_time(code_at: CodeAt) -> None:
    code = code_at(SECRET, 1_000)
    assert isinstance(totp.verify([enrolment()], code, 1_002 * 30 - 0.01), Passed)
    assert isinstance(totp.verify([enrolment()], code, 1_002 * 30), Refused)


@pytest.mark.parametrize("step", [999, 1_000])
def test_a_code_of_a_used_or_older_step_is_replayed(code_at: CodeAt, step: int) -> None:
    verdict = totp.verify([enrolment(counter=1_000)], code_at(SECRET, step), 1_000 * 30.0)
    assert verdict == Refused("replayed", totp.USED)


def test_the_next_code_passes_after_a_used_one(code_at: CodeAt) -> None:
    assert totp.verify([enrolment(counter=1_000)], code_at(SECRET, 1_001), 1_000 * 30.0) == Passed(1, counter=1_001)


def test_a_used_code_stays_used_when_the_clock_is_set_back(code_at: CodeAt) -> None:
    verdict = totp.verify([enrolment(counter=1_000)], code_at(SECRET, 990), 990 * 30.0)
    assert reason(verdict) == "replayed"


@pytest.mark.parametrize(("lower", "higher"), [(57_766_335, 57_766_336), (57_017_782, 57_017_784)])
def test_a_code_that_fits_two_steps_uses_up_both(code_at: CodeAt, lower: int, higher: int) -> None:
    code = code_at(SECRET, lower)
    assert code == code_at(SECRET, higher)
    now = (lower + 1) * 30.0
    assert totp.verify([enrolment()], code, now) == Passed(1, counter=higher)
    assert totp.verify([enrolment(counter=lower)], code, now) == Passed(1, counter=higher)
    assert reason(totp.verify([enrolment(counter=higher)], code, now)) == "replayed"


def test_each_of_several_enrolments_passes_by_its_own_code(code_at: CodeAt) -> None:
    other = b"09876543210987654321"
    both = [enrolment(counter=1_000, number=1), enrolment(other, number=2)]
    assert totp.verify(both, code_at(other, 1_000), 1_000 * 30.0) == Passed(2, counter=1_000)
    assert totp.verify(both, code_at(SECRET, 1_001), 1_000 * 30.0) == Passed(1, counter=1_001)
    assert reason(totp.verify(both, code_at(SECRET, 1_000), 1_000 * 30.0)) == "replayed"
    assert reason(totp.verify(both, code_at(other, 1_002), 1_000 * 30.0)) == "wrong"


def test_without_an_enrolment_nothing_passes(code_at: CodeAt) -> None:
    assert reason(totp.verify([], code_at(SECRET, 1_000), 1_000 * 30.0)) == "wrong"


@pytest.mark.parametrize("code", ["999", "1000", "1001", None])
def test_the_whole_window_is_computed_whichever_step_fits(
    code_at: CodeAt, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = code_at(SECRET, int(code) if code else 1)
    computed: list[int] = []
    generate = pyotp.TOTP.generate_otp

    def spy(self: pyotp.TOTP, step: int) -> str:
        computed.append(step)
        return generate(self, step)

    monkeypatch.setattr(pyotp.TOTP, "generate_otp", spy)
    totp.verify([enrolment()], answer, 1_000 * 30.0)
    assert computed == [999, 1_000, 1_001]


@pytest.mark.parametrize("shown", ["050 471", " 050471", "050471  ", " 0 5 0 4 7 1 "])
def test_ascii_spaces_in_an_answer_are_ignored(shown: str) -> None:
    assert isinstance(totp.verify([enrolment()], shown, 1111111111), Passed)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        " ",
        "      ",
        "null",
        "000000",
        "50471",  # the leading zero dropped
        "0504710",
        "0050471",
        "050471\n",
        "\n050471",
        "050471\r\n",
        "050471\0",
        "050471\t",
        "050\u00a0471",
        "050\u2009471",
        "050\u200b471",
        "+050471",
        "-050471",
        "5.0471e4",
        "5_0471",
        "050,471",
        "0x0c527",
        "050471;",
        "０５０４７１",  # digits of other scripts, which int() and \d accept
        "٠٥٠٤٧١",
        "०५०४७१",
        "05047\u0661",
        "05047¹",
        "050471\u0301",
        "\ud800" * 6,
        "9" * 1_000_000,
        " " * 1_000_000,
    ],
    ids=lambda answer: ascii(answer[:20]),
)
def test_an_answer_that_is_not_exactly_six_ascii_digits_is_wrong(answer: str) -> None:
    assert totp.verify([enrolment()], answer, 1111111111) == Refused("wrong", totp.WRONG)


def test_a_secret_is_160_bits_of_which_no_two_are_equal() -> None:
    secrets = {totp.new_secret() for _ in range(1_000)}
    assert len(secrets) == 1_000
    assert {len(secret) for secret in secrets} == {20}


def test_the_key_is_base32_without_padding() -> None:
    assert totp.base32_key(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    secret = totp.new_secret()
    assert base64.b32decode(totp.base32_key(secret)) == secret
