# SPDX-License-Identifier: MIT
"""Many browsers that act at the same moment, half of them on each of the two worker processes."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import chain

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Host
from ccm_core.testing.serving import WORKER_HEADER
from tests.functional.test_concurrent_sign_ins import all_at_once

CROWD = 20


def at_both_workers(host: Host, browsers: Sequence[Browser], act: Callable[[Browser], object]) -> list[int]:
    """Let every browser act at once; returns the last statuses. Left to the kernel, one worker might get them all."""
    own = [browser.client for browser in browsers]
    with ExitStack() as stack:
        pairs = [stack.enter_context(host.client_of_each_worker()) for _ in range(len(browsers) // 2)]
        for browser, client in zip(browsers, chain.from_iterable(pairs), strict=True):
            browser.client = client
        statuses = all_at_once(browsers, act)
    for browser, client in zip(browsers, own, strict=True):
        browser.client = client
    assert len({browser.response.headers[WORKER_HEADER] for browser in browsers}) >= 2
    return statuses
