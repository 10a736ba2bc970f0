# SPDX-License-Identifier: MIT
"""The story of an instance in which every kind of secret is born, used rightly, used wrongly, and replaced."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_core.testing.host import Tenant
from tests.functional.acts import account, activate_missing, asked, enrol, post
from tests.functional.phone import ACCOUNT, DISABLE, SETUP, Phone, begin_setup
from tests.functional.program import Program
from tests.hostile.acts import CHALLENGE, state
from tests.hostile.secrecy import Diary, Watched
from tests.hostile.secrecy_plugin import PLUGIN

ADMIN, GRETA, NEW, NEWER = (
    "rules <with> care & 1",
    "first words of greta",
    "second words of greta",
    "third words of greta",
)
WRONG, SHORT, PLAIN = "wrong words of greta", "tooshort", "plain words of everybody"
TWOFACTOR = "/admin/plugins/twofactor"


@dataclass
class Story:
    """Who takes part: an administrator, greta, who does everything, and two users of a broken plugin."""

    diary: Diary
    ccm: Program

    @property
    def tenant(self) -> Tenant:
        return self.diary.tenant

    def log_in(self, name: str, password: str) -> Watched:
        browser = self.diary.browser(name)
        browser.log_in(name, password)
        return browser

    def run(self, *arguments: str) -> str:
        """Run a command of the console, and keep whatever it prints."""
        _status, out, err = self.ccm(*arguments)
        self.diary.printed.append((" ".join(arguments), f"{out}{err}".encode()))
        return out

    def at_instance(self, *arguments: str) -> str:
        return self.run(*arguments, "--instance", self.tenant.name)


def invitation(story: Story) -> None:
    """The administrator adds greta, who opens her link and chooses a first password."""
    admin = story.log_in("admin", ADMIN)
    admin.get("/admin/users")
    admin.submit("/admin/users", name="greta", email="greta@example.org", role="user")
    link = story.diary.link("greta@example.org")
    browser = story.diary.browser("greta")
    browser.get(link)
    for new, repeated in ((SHORT, SHORT), (GRETA, WRONG), (GRETA, GRETA)):
        browser.submit(link, new_password=new, repeat_password=repeated)
    assert browser.path == "/login?done=password"
    browser.get(link)
    browser.send("POST", link, data={"page_token": "wrong", "new_password": GRETA})


def bad_input(story: Story) -> None:
    """A password in the field for the name, a code for a password, tokens in addresses, cookies that are too long."""
    browser = story.diary.browser("greta")
    browser.get("/login")
    for name, password in (("greta", WRONG), (GRETA, "greta"), (GRETA, GRETA), ("greta", "314159265")):
        browser.get("/login")
        browser.submit("/login", username=name, password=password)
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username=GRETA)
    inside = story.log_in("greta", GRETA)
    token, cookie = inside.page.form("/logout").fields["page_token"], inside.cookies["ccm_session"]
    for path in (f"/account?page_token={token}", f"/nowhere/{cookie}", f"/login?next=/x/{cookie}", f"/{GRETA}"):
        inside.send("GET", path)
        inside.send("POST", path, data={"page_token": token, "password": GRETA, "code": "271828"})
    browser.cookies["ccm_session"] = cookie + "x" * 3000
    browser.get(ACCOUNT)
    browser.cookies = {"ccm_session": f'{cookie}"; \\', "ccm_login": cookie}
    browser.get(ACCOUNT)
    assert state(inside) == "active"


def set_up(story: Story, password: str) -> tuple[Watched, Phone]:
    """Greta begins twice, types a wrong and the right code, and looks around."""
    browser = story.log_in("greta", password)
    begin_setup(story.tenant, browser)
    phone = begin_setup(story.tenant, browser)
    for code in (phone.code(steps=9), phone.code()):
        browser.submit(SETUP, code=code)
    assert browser.path == ACCOUNT
    for path in ("/", SETUP, DISABLE, "/confirm", "/session", "/nowhere"):
        browser.get(path)
    return browser, phone


def second_step(story: Story, phone: Phone, password: str) -> Watched:
    """A wrong code, the right one, and the same again in another window."""
    half, late = story.log_in("greta", password), story.log_in("greta", password)
    half.submit(CHALLENGE, code=phone.code(steps=9))
    code = phone.next_code()
    half.submit(CHALLENGE, code=code)
    late.submit(CHALLENGE, code=code)
    late.submit(CHALLENGE, code=f"{code[:3]} {code[3:]} and more")
    assert (state(half), state(late)) == ("active", "none")
    return half


def at_the_account(story: Story, browser: Watched, phone: Phone) -> None:
    """Unlocking, confirming, another password, another address."""
    browser.get(ACCOUNT)
    story.tenant.host.clock.move(1900)
    browser.unlock(WRONG)
    assert browser.unlock(GRETA).status_code == 200
    browser.submit("/account/email", email="moved@example.org")
    browser.confirm(WRONG, code=phone.code(steps=9))
    browser.confirm(GRETA, code=phone.next_code())
    link = story.diary.link("moved@example.org")
    stranger = story.diary.browser("stranger")
    stranger.get(link)
    stranger.submit("/login", username="greta", password=WRONG)
    browser.get(link)
    browser.submit(link)
    assert browser.page.alerts == ["Your new e-mail address counts from now on."]
    story.tenant.host.clock.move(1000)
    browser.get(ACCOUNT)
    browser.submit("/account/password", current_password=GRETA, new_password=NEW, repeat_password=NEW)
    browser.confirm(GRETA, code=phone.next_code())
    assert browser.path == ACCOUNT
    for current, new, repeated in ((WRONG, NEW, NEW), (GRETA, SHORT, SHORT), (GRETA, NEW, WRONG), (GRETA, NEW, NEW)):
        browser.get(ACCOUNT)
        browser.submit("/account/password", current_password=current, new_password=new, repeat_password=repeated)
    assert browser.page.alerts == ["Your password was changed. Other sessions were ended."]
    post(browser, "/logout")


def reset(story: Story, to: str, code: str = "") -> None:
    """Greta forgets her password while no mail can leave; the keys rotate before it does."""
    mails, away = story.tenant.host.settings.mail_dir, story.tenant.host.settings.data_dir / "mails elsewhere"
    browser = story.diary.browser("greta")
    browser.get("/password/forgot")
    mails.rename(away)
    mails.write_text("in the way", "utf-8")
    browser.submit("/password/forgot", username="greta")
    story.run("mail", "deliver")
    for command in ("keys rotate", "keys promote", "keys drop --yes", "keys list", "doctor"):
        story.run(*command.split())
    story.at_instance("mail", "list")
    mails.unlink()
    away.rename(mails)
    story.run("mail", "deliver")
    link = story.diary.link(to)
    browser.get(link)
    for new, repeated in ((SHORT, SHORT), (NEWER, WRONG), (NEWER, NEWER)):
        browser.submit(link, new_password=new, repeat_password=repeated, **({"code": code} if code else {}))
    assert browser.path == "/login?done=password"
    browser.get(link)


def administration(story: Story) -> None:
    """The administrator looks at everything, and does to greta whatever can be done to a user."""
    admin = story.log_in("admin", ADMIN)
    page = f"/admin/users/{account(story.tenant, 'greta').id}"
    for act in ("disable", "enable", "password-link", "reset-factor"):
        admin.get(page)
        admin.submit(f"{page}/{act}")
        if asked(admin):
            admin.confirm(ADMIN)
    story.diary.link("moved@example.org")
    for act in ("deactivate", "activate"):
        admin.get(TWOFACTOR)
        admin.submit(f"{TWOFACTOR}/{act}")
        if asked(admin):
            admin.confirm(ADMIN)
    for path in (page, TWOFACTOR, "/admin/users", "/admin/plugins", f"/admin/plugins/{PLUGIN}", "/account"):
        admin.get(path)
    for path in ("/admin/audit", "/admin/audit?user=greta", "/admin/audit?event=code", "/admin/audit?event=login"):
        admin.get(path)


def broken_plugin(story: Story) -> None:
    """Two users are bound to a plugin that quotes key, code and form in whatever it raises."""
    tenant, diary = story.tenant, story.diary
    activate_missing(tenant, PLUGIN)
    for name in ("heidi", "judith"):
        tenant.add_user(name, password=PLAIN)
        key = f"the sealed key of {name}"
        enrol(tenant, account(tenant, name), PLUGIN, diary.note("word", key, name).text.encode())
        browser = story.log_in(name, PLAIN)
        fields = browser.page.form(CHALLENGE).fields | {"action": "", "factor": PLUGIN}
        browser.post(CHALLENGE, fields | {"code": f"an answer of {name}"})
    plain = story.log_in("walter", PLAIN)
    plain.get(ACCOUNT)
    for page in ("tell", "draw"):
        post(plain, f"/plugins/{PLUGIN}/{page}", code=f"a word for {page}", password="a password for the plugin")
        plain.get(ACCOUNT)
    browser = diary.browser("judith")
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="judith")
    link = diary.link("judith@example.org")
    browser.get(link)
    browser.submit(link, new_password=WRONG, repeat_password=WRONG)
    story.run(PLUGIN, "tell", diary.note("word", "a word at the console", "operator").text)


def console(story: Story) -> None:
    """Every command that lists or tells something."""
    for command in ("plugins list", "users list", "mail list", "plugins list --json", "users list --json"):
        story.at_instance(*command.split())
    story.at_instance("twofactor", "status", "greta")
    story.at_instance("mail", "list", "--json")
    for options in ("", "--json", "--user greta", "--since 2000-01-01", "--since 2000-01-01 --json"):
        story.at_instance("audit", *options.split())
    for command in ("users password-link greta", "users reset-factor greta --yes", "plugins retry telltale"):
        story.at_instance(*command.split())
    for command in ("doctor", "doctor --json", "keys list --json", "instances list"):
        story.run(*command.split())


def tell(story: Story) -> None:
    """Tell it from the first mail to the last command."""
    invitation(story)
    bad_input(story)
    browser, phone = set_up(story, GRETA)
    browser = second_step(story, phone, GRETA)
    at_the_account(story, browser, phone)
    reset(story, "moved@example.org")
    browser, phone = set_up(story, NEWER)
    second_step(story, phone, NEWER)
    broken_plugin(story)
    administration(story)
    console(story)


def tell_strictly(story: Story) -> None:
    """What differs where a reset needs the second factor too."""
    invitation(story)
    _browser, phone = set_up(story, GRETA)
    second_step(story, phone, GRETA)
    story.tenant.host.clock.to_step_start()
    reset(story, "greta@example.org", phone.code())
    console(story)
