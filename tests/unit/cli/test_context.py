# SPDX-License-Identifier: MIT
"""What a command works with."""

import os
from pathlib import Path

import pytest

from ccm_core.cli.context import Host
from ccm_core.cli.serve import own_port


def host(tmp_path: Path, **settings: str) -> Host:
    return Host(lambda: 0.0, {"CCM_DATA_DIR": str(tmp_path), **settings})


@pytest.mark.parametrize("processors", [1, 4, 8])
@pytest.mark.parametrize("workers", [1, 3, 64])
def test_workers_share_the_processors_for_their_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int, workers: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    settings = host(tmp_path).with_workers(workers).settings
    assert settings.hash_concurrency == max(1, processors // workers)


def test_a_number_of_hashes_that_is_set_counts(tmp_path: Path) -> None:
    assert host(tmp_path, CCM_HASH_CONCURRENCY="7").with_workers(4).settings.hash_concurrency == 7


@pytest.mark.parametrize(
    ("url", "port"),
    [("http://127.0.0.1:8019", 8019), ("http://a.example:81", 81), ("https://a.example", 8019), ("http://[::1]:9", 9)],
)
def test_the_port_is_that_of_the_base_url_or_our_usual_one(tmp_path: Path, url: str, port: int) -> None:
    assert own_port(host(tmp_path, CCM_BASE_URL=url).settings) == port


def test_nothing_is_read_before_it_is_needed(tmp_path: Path) -> None:
    broken = host(tmp_path, CCM_NONSENSE="1")
    broken.close()
    assert list(tmp_path.iterdir()) == []
