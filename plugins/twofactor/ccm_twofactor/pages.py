# SPDX-License-Identifier: MIT
"""The plugin's own pages: setting the smartphone app up and disabling it."""

from ccm_core.plugin_api import Enrolment, Page, PageRequest, Passed, Redirect, Refused
from ccm_twofactor import totp

TITLE = "2-factor authentication"
LABEL = "Smartphone app"

_ACCOUNT = "/account"


def begin(request: PageRequest) -> Redirect:
    """Begin a set-up with a fresh secret, unless the user already has an app."""
    if request.enrolments.confirmed():
        return Redirect(_ACCOUNT, "2-factor authentication is already enabled. Disable it first to set up another app.")
    request.enrolments.begin(LABEL, totp.new_secret())
    return Redirect(request.url("setup"))


def show_setup(request: PageRequest) -> Page | Redirect:
    """Show the secret of the set-up that this session began."""
    pending = request.enrolments.pending()
    return _setup_page(request, pending) if pending else Redirect(_ACCOUNT)


def finish_setup(request: PageRequest) -> Page | Redirect:
    """Enable the app when the answer proves that it shows the right codes.

    A wrong answer shows the same secret again, until the host drops the set-up after too many of them.
    """
    verdict = request.enrolments.confirm(request.form.get("code", ""))
    if isinstance(verdict, Passed):
        return Redirect(_ACCOUNT, "2-factor authentication successfully enabled.")
    pending = request.enrolments.pending()
    if pending is None:
        return Redirect(_ACCOUNT, "This set-up has ended without being finished. Please start it again.")
    return _setup_page(request, pending, verdict)


def _setup_page(request: PageRequest, pending: Enrolment, refused: Refused | None = None) -> Page:
    issuer = str(request.settings.get("issuer", "")).strip() or request.issuer
    uri = totp.key_uri(pending.data, issuer=issuer, account=request.user.name)
    context = {
        "key": totp.base32_key(pending.data),
        "digits": totp.DIGITS,
        "period": totp.PERIOD,
        "uri": uri,
        "qr": totp.qr_code(uri),
        "purpose": "setup",
        "error": _message(refused),
        "back": _ACCOUNT,
    }
    return Page(TITLE, "plugins/twofactor/setup.html", context, _status(refused))


def show_disable(request: PageRequest) -> Page | Redirect:
    """Ask for the code that disables the app."""
    return _disable_page() if request.enrolments.confirmed() else Redirect(_ACCOUNT)


def disable(request: PageRequest) -> Page | Redirect:
    """Disable the app when the answer is one of its codes."""
    if not request.enrolments.confirmed():
        return Redirect(_ACCOUNT)
    verdict = request.enrolments.withdraw(request.form.get("code", ""))
    if isinstance(verdict, Passed):
        return Redirect(_ACCOUNT, "2-factor authentication successfully disabled.")
    return _disable_page(verdict)


def _disable_page(refused: Refused | None = None) -> Page:
    context = {"purpose": "removal", "error": _message(refused), "back": _ACCOUNT}
    return Page(TITLE, "plugins/twofactor/disable.html", context, _status(refused))


def _message(refused: Refused | None) -> str:
    return "" if refused is None else refused.message or totp.WRONG


def _status(refused: Refused | None) -> int:
    if refused is None:
        return 200
    return 400 if refused.retry_after is None else 429
