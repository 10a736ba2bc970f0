# SPDX-License-Identifier: MIT
"""Libraries that hash: all make the same hashes, one is the default, one is an extra; and where their memory lies."""

import itertools
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ccm_core.config import HASH_LIBRARIES, Settings, load
from ccm_core.errors import ConfigError
from ccm_core.services.hashing import LIBRARIES, MEMORY_KIB, Argon2Cffi, Libsodium
from ccm_core.services.parts import assemble
from ccm_core.services.passwords import Passwords

PASSWORD = "Zwölf Boxkämpfer 🔑\0 jagen".encode()


@pytest.mark.parametrize(("maker", "other"), list(itertools.permutations(LIBRARIES, 2)))
def test_each_library_understands_what_another_made(maker: str, other: str) -> None:
    stored = LIBRARIES[maker]().hash(PASSWORD)
    hasher = LIBRARIES[other]()
    assert hasher.verify(stored, PASSWORD)
    assert not hasher.verify(stored, PASSWORD + b"!")
    assert not hasher.outdated(stored)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("damaged", ["", "x", "ä" * 97, "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA", "x" * 4096])
def test_what_is_no_hash_fits_no_password(library: str, damaged: str) -> None:
    assert not LIBRARIES[library]().verify(damaged, PASSWORD)


def test_the_setting_knows_the_libraries_by_name() -> None:
    assert tuple(LIBRARIES) == HASH_LIBRARIES


def test_argon2_cffi_is_what_hashes_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    assert LIBRARIES[load({"CCM_DATA_DIR": str(tmp_path)}).hash_library] is Argon2Cffi
    chosen = load({"CCM_DATA_DIR": str(tmp_path), "CCM_HASH_LIBRARY": "libsodium"})
    assert LIBRARIES[chosen.hash_library] is Libsodium
    with pytest.raises(ConfigError, match="CCM_HASH_LIBRARY must be argon2-cffi or libsodium, not 'md5'"):
        load({"CCM_DATA_DIR": str(tmp_path), "CCM_HASH_LIBRARY": "md5"})


def test_a_missing_extra_is_told_before_anything_starts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nacl", None)
    with pytest.raises(ConfigError, match=r"PyNaCl is not installed. Run «pip install 'ccm-core\[libsodium\]'»"):
        assemble(replace(settings, hash_library="libsodium"), lambda: 0.0)


def test_the_memory_of_a_hash_lies_where_the_system_may_use_huge_pages() -> None:
    """One mapping has the kernel's mark for it, and is one that a hash wrote to."""
    hasher = Argon2Cffi()

    def hash_here() -> None:
        hasher.begin_thread()
        hasher.hash(PASSWORD)

    thread = threading.Thread(target=hash_here)
    thread.start()
    thread.join()
    has_any = Path("/sys/kernel/mm/transparent_hugepage").exists()
    assert max(resident_with_mark(), default=0) >= (MEMORY_KIB * 0.9 if has_any else 0)


def resident_with_mark() -> list[int]:
    """Return the resident KiB of each mapping for which huge pages were asked."""
    mappings = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text("ascii"), flags=re.MULTILINE)
    marked = [mapping for mapping in mappings if re.search(r"^VmFlags:.* hg\b", mapping, re.MULTILINE)]
    return [int(size) for mapping in marked for size in re.findall(r"^Rss: +(\d+)", mapping, re.MULTILINE)]


@pytest.mark.parametrize("library", LIBRARIES)
def test_without_memory_a_right_password_is_not_taken_for_a_wrong_one(library: str) -> None:
    """A process of its own may take 8 MiB more than it has: a verification and a hash need 19."""
    code = f"""
import resource, sys
from ccm_core.errors import Busy
from ccm_core.services.hashing import LIBRARIES
hasher = LIBRARIES["{library}"]()
limit = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + 8 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for ask in (lambda: hasher.verify(sys.argv[1], b"x"), lambda: hasher.hash(b"x")):
    try:
        print(ask())
    except Busy as busy:
        print("Busy", busy.retry_after)
"""
    stored = Argon2Cffi().hash(b"x")
    done = subprocess.run([sys.executable, "-c", code, stored], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["Busy 1", "Busy 1", ""]


def test_a_thread_that_cannot_be_prepared_hashes_all_the_same() -> None:
    class Unprepared(Argon2Cffi):
        def begin_thread(self) -> None:
            raise PermissionError

    passwords = Passwords(1, 15, Unprepared())
    assert passwords.verify(passwords.hash("fifteen letters"), "fifteen letters")
