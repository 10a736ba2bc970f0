# SPDX-License-Identifier: MIT
"""Fails in one of many ways, when its page has bound a second factor or removed it."""

from ccm_core.plugin_api import Challenge, Page, Passed, Redirect, Refused, Route, hookimpl

TEMPLATE = "plugins/viewconfirms/part.html"


@hookimpl
def ccm_login_challenge(login):
    def verify(answer, now):
        for enrolment in login.enrolments:
            if answer.encode() == enrolment.data:
                return Passed(enrolment.id)
        return Refused("wrong code", "The login code is not right.")

    return Challenge(TEMPLATE, verify)


def begin(request):
    request.enrolments.begin("Word", b"sesame")
    return Redirect("/account")


def confirm(request):
    assert type(request.enrolments.confirm("sesame")) is Passed
    return fail(request.form["how"])


def withdraw(request):
    assert type(request.enrolments.withdraw("sesame")) is Passed
    return fail(request.form["how"])


def fail(how):
    if how == "raises":
        raise ValueError(how)
    if how == "exits":
        raise SystemExit
    return "a text" if how == "answers" else Page("Title", TEMPLATE)


@hookimpl
def ccm_pages():
    views = {"begin": begin, "confirm": confirm, "withdraw": withdraw}
    return [Route("POST", path, view) for path, view in views.items()]
