# SPDX-License-Identifier: MIT
"""The matrix: what a plugin consists of, what can be wrong with it, and what each pair must lead to.

A plugin of the matrix does everything right but for one fault in one part. Its code is made from the pieces here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ccm_core.plugin_api import hookspecs

SECRET = "JBSWY3DPEHPK3PXP"
"""What the plugins quote when they fail, to see where it gets."""
WORD = "open sesame"
"""The one right answer to the challenge of every plugin of the matrix."""

PARTS = {
    "challenge": "ccm_login_challenge",
    "verify": "ccm_login_challenge",
    "sections": "ccm_account_sections",
    "usersections": "ccm_user_sections",
    "reset": "ccm_password_reset",
    "signedin": "ccm_signed_in",
    "pages": "ccm_pages",
    "view": "ccm_pages",
    "settings": "ccm_settings",
    "commands": "ccm_commands",
}
"""What can fail, and the hook by which it reaches the host: ``verify`` and ``view`` are handed over by theirs."""

HOOKS = {name for name in vars(hookspecs) if name.startswith("ccm_")}

UNLOADABLE = {
    "missing": "is not installed",
    "importerror": "No module named 'a_module_that_nobody_has'",
    "importexits": "SystemExit",
    "wrapper": "uses the option wrapper",
    "twice": "uninstall all but one",
    "deletedfirst": "No module named",
}
"""Faults with which nothing of a plugin can be used, and the words in which an administrator reads them."""

FAILING = {
    "raises": "ValueError",
    "exits": "SystemExit",
    "cancels": "CancelledError",
    "wrongtype": "",
    "truthy": "",
    "hangs": "it took more than 5 s",
    "template": "UndefinedError in plugins/NAME/broken.html, line 1",
    "deletedlater": "TemplateNotFound",
    "changes": "",
}
"""Faults of a plugin that could be loaded; without words where they depend on the part."""

NO_HOOK = "is handed over by a hook and called by name, so it cannot wrap anything"
NO_LIMIT = "is trusted code and has no limit in time (docs/security.md, D23): only judging a code has one"
NO_TEMPLATE = "draws nothing"
NO_ARGUMENT = "is handed nothing that anybody else has"

NOT_APPLICABLE = (
    {(part, "wrapper"): NO_HOOK for part in ("verify", "view")}
    | {(part, "hangs"): NO_LIMIT for part in PARTS if part != "verify"}
    | {(part, "template"): NO_TEMPLATE for part in ("verify", "reset", "signedin", "pages", "settings", "commands")}
    | {(part, "changes"): NO_ARGUMENT for part in ("verify", "pages", "settings", "commands")}
)
"""The pairs that cannot be, and why."""

WORKING = {
    "challenge": "return Challenge('plugins/NAME/part.html', verify)",
    "verify": f"return Passed(login.enrolments[0].id) if answer == '{WORD}' else Refused('wrong code', 'Not that.')",
    "sections": "return [Section('Part of NAME', 'plugins/NAME/part.html')]",
    "usersections": "return [Section('Part of NAME', 'plugins/NAME/part.html')]",
    "reset": "return reset.clear() or 'The word is forgotten.'",
    "signedin": "return None",
    "pages": "return [Route('GET', 'page', view)]",
    "view": "return Page(f'Page of NAME: {request.settings[\"greeting\"]}', 'plugins/NAME/part.html')",
    "settings": "return SettingsForm((SettingField('greeting', 'Greeting of NAME', 'text', 'Hello'),))",
    "commands": "return [click.Command('status', callback=lambda: click.echo('all is well'))]",
}

ANSWERS = {
    "raises": f"raise ValueError('{SECRET}')",
    "exits": f"raise SystemExit('{SECRET}')",
    "cancels": f"raise CancelledError('{SECRET}')",
    "truthy": "return True",
    "hangs": "return Event().wait(600)",
}
"""What stands in place of a working part."""

WRONG_TYPES = {
    "challenge": ("return Passed(login.enrolments[0].id)", "answered Passed instead of a Challenge"),
    "verify": ("return Lookalike(login.enrolments[0].id)", "answered Lookalike instead of Passed or Refused"),
    "sections": ("return [Section(Markup('<b>'), 'plugins/NAME/part.html')]", "the title of a section is no text"),
    "usersections": (
        "return [Section('Part', Markup('plugins/NAME/part.html'))]",
        "its template is not inside plugins/",
    ),
    "reset": (f"return b'{SECRET}'", "answered bytes instead of a text or None"),
    "signedin": ("return [event]", "answered list instead of None"),
    "pages": ("return [('GET', 'page', view)]", "something else than a list of Route objects"),
    "view": ("return Page(Markup('<b>'), 'plugins/NAME/part.html')", "the title of the page is no text"),
    "settings": (
        "return SettingsForm((SettingField('greeting', Markup('<b>'), 'text', 'Hello'),))",
        "label and help must be texts",
    ),
    "commands": ("return [print]", "answered builtin_function_or_method instead of a list of click commands"),
}
"""Something else than the hook's type: lookalikes where they might pass for it."""

TRUTHY = {
    "challenge": "answered bool instead of a Challenge",
    "verify": "answered bool instead of Passed or Refused",
    "reset": "answered bool instead of a text or None",
    "signedin": "answered bool instead of None",
    "pages": "something else than a list of Route objects",
    "view": "answered bool instead of a Page or a Redirect",
    "settings": "something else than a SettingsForm",
    "commands": "answered bool instead of a list of click commands",
}

CHANGES = {
    "challenge": "force(login, state=b'x'); force(login.user, **OTHER); force(login.enrolments[0], counter=2**62)",
    "sections": "force(account, enrolled=False, allowed=False); force(account.user, **OTHER)",
    "usersections": "force(subject, enrolled=False, allowed=False); force(subject.user, **OTHER)",
    "reset": "force(reset.user, **OTHER)",
    "signedin": "force(event, factor='', at=0); force(event.user, **OTHER)",
    "view": "request.form.clear(); request.settings.clear(); request.arguments.clear(); force(request.user, **OTHER)",
}
"""How a part changes what it was handed, frozen or not, after it has done its work."""


@dataclass(frozen=True)
class Cell:
    """One part with one fault."""

    part: str
    fault: str

    @property
    def plugin(self) -> str:
        """The name of the plugin that has it."""
        return self.part + self.fault

    @property
    def unusable(self) -> bool:
        """Whether nothing of the plugin can be used: its pages and settings are asked for when it is loaded."""
        return self.fault in UNLOADABLE or (
            self.part in {"pages", "settings"} and self.fault in {*ANSWERS, "wrongtype"}
        )

    @property
    def asks(self) -> bool:
        """Whether the plugin gets as far as showing its challenge."""
        drawn = self.part == "challenge" and self.fault != "changes"
        return not (self.unusable or drawn or self.fault == "deletedlater")

    @property
    def judges(self) -> bool:
        """Whether the plugin can still tell a right answer from a wrong one."""
        broken = self.part in {"challenge", "verify"} and self.fault not in {"changes", "template", "deletedlater"}
        return not (self.unusable or broken)

    @property
    def passes(self) -> bool:
        """Whether the fault leaves the sign-in of the plugin's users alone."""
        return self.asks and self.judges

    @property
    def reason(self) -> str:
        """The words in which an administrator reads of it; none where there is nothing to tell."""
        if self.fault == "wrongtype":
            return WRONG_TYPES[self.part][1]
        if self.fault == "truthy":
            return TRUTHY.get(self.part, "answered bool instead of a list of Section objects")
        return (UNLOADABLE | FAILING)[self.fault].replace("NAME", self.plugin)

    @property
    def hook(self) -> str:
        """Under which name the failure is recorded; empty when the plugin could not be loaded."""
        if self.fault in {"template", "deletedlater"}:
            return "template"
        return "" if self.unusable else self.part if self.part in {"verify", "view"} else PARTS[self.part]

    def body(self, part: str) -> str:
        """Return what a part of the plugin does."""
        works = WORKING[part]
        if part != self.part or self.fault in {*UNLOADABLE, "deletedlater"}:
            return works
        if self.fault == "wrongtype":
            return WRONG_TYPES[part][0]
        if self.fault == "template":
            return works.replace("part.html", "broken.html")
        if self.fault == "changes":
            return f"answer = {works.removeprefix('return ')}; {CHANGES[part]}; return answer"
        return ANSWERS[self.fault]


CELLS = [
    Cell(part, fault) for part in PARTS for fault in {**UNLOADABLE, **FAILING} if (part, fault) not in NOT_APPLICABLE
]
