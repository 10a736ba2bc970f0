# SPDX-License-Identifier: MIT
"""The figures of a node: what is counted where, that nobody can make new series, and that no dead hash runs on."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ccm_core.services.figures import BOUNDS, Figures

PAGES = {("/login", "GET"), ("/login", "POST"), ("/healthz", "GET")}
REQUESTS = "ccm_http_request_duration_seconds"


@pytest.fixture
def figures() -> Figures:
    return Figures(PAGES, 1, ["twofactor"])


def counted(figures: Figures) -> dict[tuple[str, ...], float]:
    """Return name and labels of all series of single numbers that are not 0."""
    totals = figures.totals()
    single = [family for family in figures.families if family.kind != "histogram"]
    found = {(family.name, *labels): totals[at] for family in single for labels, at in family.places()}
    return {series: number for series, number in found.items() if number}


def requests(figures: Figures) -> dict[tuple[str, ...], tuple[list[int], float]]:
    """Return, of each page that was asked for, the places of the filled buckets and the sum of the seconds."""
    totals, family = figures.totals(), figures.families[-1]
    assert family.name == REQUESTS
    found = {}
    for labels, at in family.places():
        *buckets, seconds = totals[at : at + family.width]
        if any(buckets):
            found[labels] = ([place for place, count in enumerate(buckets) for _ in range(int(count))], seconds)
    return found


def test_everything_is_counted_in_a_series_of_its_own(figures: Figures) -> None:
    for result in ("succeeded", "password_refused", "code_refused", "failed"):
        figures.sign_in(result)  # type: ignore[arg-type]
    figures.challenge("twofactor", "login", "shown")
    figures.challenge("twofactor", "setup", "passed")
    figures.challenge("twofactor", "setup", "passed")
    for attempt in ("password", "code", "code_stopped", "reset_request", "refused_request"):
        figures.throttled(attempt)  # type: ignore[arg-type]
    figures.hash_refused()
    figures.plugin_failed("twofactor", "")
    figures.plugin_failed("twofactor", "verify")
    figures.plugin_failed("twofactor", "ccm_login_challenge")
    results = ("succeeded", "password_refused", "code_refused", "failed")
    attempts = ("password", "code", "code_stopped", "reset_request", "refused_request")
    assert counted(figures) == {
        **{("ccm_sign_ins", result): 1 for result in results},
        **{("ccm_throttled_attempts", attempt): 1 for attempt in attempts},
        ("ccm_challenges", "twofactor", "login", "shown"): 1,
        ("ccm_challenges", "twofactor", "setup", "passed"): 2,
        ("ccm_password_hashes_refused",): 1,
        ("ccm_plugin_failures", "twofactor", "load"): 1,
        ("ccm_plugin_failures", "twofactor", "verify"): 1,
        ("ccm_plugin_failures", "twofactor", "ccm_login_challenge"): 1,
    }


def test_a_request_counts_in_the_bucket_of_its_time(figures: Figures) -> None:
    times = (0.0, 0.005, 0.0051, 9.9, 10.0, 10.1)
    for seconds in times:
        figures.request("/login", "GET", "200 OK", seconds)
    last = len(BOUNDS)
    assert requests(figures) == {
        ("/login", "GET", "2xx"): ([0, 0, 1, last - 1, last - 1, last], pytest.approx(sum(times)))
    }


@pytest.mark.parametrize(
    ("request_", "labels"),
    [
        (("/login", "POST", "303 SEE OTHER"), ("/login", "POST", "3xx")),
        (("/login", "HEAD", "200 OK"), ("/login", "other", "2xx")),
        (("/login", "<script>", "405 NO"), ("/login", "other", "4xx")),
        (("/healthz", "POST", "405 NO"), ("/healthz", "other", "4xx")),
        (("", "GET", "404 NOT FOUND"), ("other", "other", "4xx")),
        (("/made/up", "GET", "200 OK"), ("other", "other", "2xx")),
        (("/login", "GET", ""), ("/login", "GET", "5xx")),
        (("/login", "GET", "999 ODD"), ("/login", "GET", "5xx")),
    ],
)
def test_no_request_makes_a_series(figures: Figures, request_: tuple[str, str, str], labels: tuple[str, ...]) -> None:
    before = len(figures.totals())
    figures.request(*request_, 0.02)
    assert requests(figures) == {labels: ([2], 0.02)}
    assert len(figures.totals()) == before


def test_no_plugin_makes_a_series(figures: Figures) -> None:
    figures.challenge("erika@example.org", "login", "failed")
    figures.plugin_failed("gone", "made up")
    assert counted(figures) == {
        ("ccm_challenges", "other", "login", "failed"): 1,
        ("ccm_plugin_failures", "other", "other"): 1,
    }


def test_a_worker_that_begins_has_no_hashes_of_the_one_whose_place_it_takes(figures: Figures) -> None:
    figures.begin_worker()
    figures.hash_waits(1)
    figures.hash_runs(2)
    running, waiting = ("ccm_password_hashes", "running"), ("ccm_password_hashes", "waiting")
    assert counted(figures) == {waiting: 1, running: 2, ("ccm_worker_starts",): 1}
    figures.begin_worker()
    assert counted(figures) == {("ccm_worker_starts",): 2}


def test_threads_lose_no_count(figures: Figures) -> None:
    def count(_number: int) -> None:
        for _ in range(2000):
            figures.sign_in("succeeded")
            figures.request("/login", "GET", "200 OK", 1.0)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert counted(figures) == {("ccm_sign_ins", "succeeded"): 16_000}
    ((buckets, seconds),) = requests(figures).values()
    assert (len(buckets), seconds) == (16_000, 16_000)
