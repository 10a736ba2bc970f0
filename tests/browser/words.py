# SPDX-License-Identifier: MIT
"""The fixed wording of the pages in both languages, written down apart from the catalogues."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """What people and tests look for on the pages, in one language."""

    language: str
    username: str
    password: str
    log_in: str
    forgot: str
    asked_for: str
    code: str
    back: str
    account: str
    log_out: str
    section: str
    enable: str
    disable_app: str
    settings: tuple[str, str, str, str, str]
    activate: str
    disable: str
    enabled: str
    disabled: str
    reset_name: str
    send_link: str
    new_password: str
    repeat_password: str
    save_password: str
    expired: str
    go_on: str
    current_password: str
    change_password: str
    deactivate: str
    plugin_settings: str
    for_all: str
    allow: str
    revoke: str
    mail_before: str
    mail_after: str


EN = Words(
    language="en",
    username="Username or e-mail address",
    password="Password",
    log_in="Log in",
    forgot="Forgot your password?",
    asked_for=(
        "You have asked for a 6-digit login code from your smartphone whenever someone tries to access this account."
    ),
    code="Login code",
    back="Back",
    account="Account settings",
    log_out="Log out",
    section="2-factor authentication",
    enable="Enable 2-factor authentication with a smartphone app",
    disable_app="Disable 2-factor authentication with a smartphone app",
    settings=("Type", "Secret key", "Hash function", "Digits", "Period (seconds)"),
    activate="Activate",
    disable="Disable",
    enabled="2-factor authentication successfully enabled.",
    disabled="2-factor authentication successfully disabled.",
    reset_name="E-mail address or username",
    send_link="Send link",
    new_password="New password",
    repeat_password="Repeat password",
    save_password="Save new password",
    expired="Your session has expired.",
    go_on="Continue",
    current_password="Current password",
    change_password="Change password",
    deactivate="Deactivate",
    plugin_settings="Settings",
    for_all="Activate directly for all users",
    allow="Allow",
    revoke="Revoke",
    mail_before="Please note: the new password also resets the second factor.",
    mail_after="The second factor was reset: signing in needs the password alone until you set it up again.",
)

DE = Words(
    language="de",
    username="Benutzername oder E-Mail-Adresse",
    password="Passwort",
    log_in="Anmelden",
    forgot="Passwort vergessen?",
    asked_for=(
        "Sie haben darum gebeten, einen 6-stelligen Anmeldecode von Ihrem Smartphone abzufragen, "
        "wenn jemand versucht auf dieses Konto zuzugreifen."
    ),
    code="Anmeldecode",
    back="Zurück",
    account="Kontoeinstellungen",
    log_out="Abmelden",
    section="2-Faktor-Authentifizierung",
    enable="2-Faktor-Authentifizierung mit einer Smartphone-App aktivieren",
    disable_app="2-Faktor-Authentifizierung mit einer Smartphone-App deaktivieren",
    settings=("Typ", "Geheimer Schlüssel", "Hashfunktion", "Ziffern", "Zeitraum (Sekunden)"),
    activate="Aktivieren",
    disable="Deaktivieren",
    enabled="2-Faktor-Authentifizierung erfolgreich aktiviert.",
    disabled="2-Faktor-Authentifizierung erfolgreich deaktiviert.",
    reset_name="E-Mail-Adresse oder Benutzername",
    send_link="Link senden",
    new_password="Neues Passwort",
    repeat_password="Passwort wiederholen",
    save_password="Neues Passwort speichern",
    expired="Ihre Sitzung ist abgelaufen.",
    go_on="Weiter",
    current_password="Aktuelles Passwort",
    change_password="Passwort ändern",
    deactivate="Deaktivieren",
    plugin_settings="Einstellungen",
    for_all="Direkt für alle Benutzer aktivieren",
    allow="Freischalten",
    revoke="Entziehen",
    mail_before="Bitte beachten Sie: Das neue Passwort setzt auch den zweiten Faktor zurück.",
    mail_after="Der zweite Faktor wurde zurückgesetzt: Zur Anmeldung genügt das Passwort, bis Sie ihn neu einrichten.",
)
