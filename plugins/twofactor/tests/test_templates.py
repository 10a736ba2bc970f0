# SPDX-License-Identifier: MIT
"""Every page part as a browser gets it: complete, labelled, escaped, and without inline script or style."""

from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any, get_args

import pytest

from ccm_core.plugin_api import Account, Login, Page, Purpose, Redirect, Store, User
from ccm_twofactor import plugin

Draw = Callable[..., str]
Visit = Callable[..., Page | Redirect]
CODE_SENTENCE = (
    "You have asked for a 6-digit login code from your smartphone whenever someone tries to access this account."
)


class Reader(HTMLParser):
    """The elements of a page part in their order, with their attributes and the text that they begin with."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert max(Counter(name for name, _ in attrs).values(), default=0) <= 1
        self.elements.append((tag, dict(attrs), []))

    def handle_data(self, data: str) -> None:
        if self.elements:
            self.elements[-1][2].append(data)

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            attributes
            for name, attributes, _ in self.elements
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]

    def texts(self, tag: str) -> list[str]:
        return [" ".join("".join(text).split()) for name, _, text in self.elements if name == tag]


@pytest.fixture
def parts(ledger: Any, visit: Visit, erika: User, no_store: Store) -> dict[str, Any]:
    """Every page part that the plugin can show, by the hooks and views that show it."""
    shown: dict[str, Any] = {}
    for purpose in get_args(Purpose):
        shown[purpose] = plugin.ccm_login_challenge(Login(purpose, erika, ()))
    for enrolled, allowed in [(True, True), (True, False), (False, True), (False, False)]:
        account = Account(erika, enrolled=enrolled, allowed=allowed, store=no_store)
        for place, sections in [
            ("account", plugin.ccm_account_sections(account)),
            ("user", plugin.ccm_user_sections(account)),
        ]:
            shown |= {f"{place} {enrolled} {allowed}": section for section in sections}
    visit("POST", "setup/begin")
    shown["set-up"] = visit("GET", "setup")
    shown["set-up refused"] = visit("POST", "setup", {"code": "000000"})
    ledger.bound = (ledger.open,)
    shown["disable"] = visit("GET", "disable")
    shown["disable refused"] = visit("POST", "disable", {"code": "000000"})
    return shown


@pytest.fixture
def drawn(parts: dict[str, Any], draw: Draw) -> dict[str, Reader]:
    return {name: Reader(draw(part)) for name, part in parts.items()}


def test_every_part_is_drawn(drawn: dict[str, Reader]) -> None:
    assert len(drawn) == 15
    assert all(reader.elements for reader in drawn.values())


def test_no_part_holds_inline_script_or_style(drawn: dict[str, Reader]) -> None:
    for reader in drawn.values():
        for tag, attributes, _ in reader.elements:
            assert tag not in {"script", "style", "link", "img", "iframe", "object"}
            assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_every_form_posts_with_a_page_token_to_a_page_of_the_plugin(drawn: dict[str, Reader]) -> None:
    actions = [(name, form["action"]) for name, reader in drawn.items() for form in reader.all("form", method="post")]
    assert actions == [
        ("account False True", "/plugins/twofactor/setup/begin"),
        ("set-up", "/plugins/twofactor/setup"),
        ("set-up refused", "/plugins/twofactor/setup"),
        ("disable", "/plugins/twofactor/disable"),
        ("disable refused", "/plugins/twofactor/disable"),
    ]
    for reader in drawn.values():
        assert len(reader.all("form")) == len(reader.all("input", name="page_token", type="hidden"))


def test_ids_are_unique_and_every_control_has_its_label(drawn: dict[str, Reader]) -> None:
    for reader in drawn.values():
        ids = Counter(attributes["id"] for _, attributes, _ in reader.elements if "id" in attributes)
        assert set(ids.values()) <= {1}
        labelled = [label["for"] for label in reader.all("label")]
        assert labelled == [field["id"] for field in reader.all("input") if field["type"] != "hidden"]
        for _, attributes, _ in reader.elements:
            named = f"{attributes.get('aria-labelledby', '')} {attributes.get('aria-describedby', '')}".split()
            assert set(named) <= set(ids)


def test_the_code_is_one_text_field_that_phones_and_password_managers_fill(drawn: dict[str, Reader]) -> None:
    asked = {
        name: reader.all("input", name="code") for name, reader in drawn.items() if reader.all("input", name="code")
    }
    assert set(asked) == {*get_args(Purpose), "set-up", "set-up refused", "disable", "disable refused"}
    for name, (field,) in asked.items():
        assert (field["type"], field["inputmode"], field["pattern"], field["id"]) == (
            "text",
            "numeric",
            "[0-9 ]*",
            "code",
        )
        assert "required" in field
        assert "maxlength" not in field
        assert field["autocomplete"] == ("off" if name.startswith("set") else "one-time-code")
        assert ("autofocus" in field) == (name == "login")


def test_a_refusal_is_tied_to_the_field(drawn: dict[str, Reader]) -> None:
    for name in ("set-up refused", "disable refused"):
        (field,) = drawn[name].all("input", name="code")
        assert (field["aria-invalid"], field["aria-describedby"]) == ("true", "code-error")
        assert len(drawn[name].all("p", id="code-error")) == 1
    for name in ("login", "set-up", "disable"):
        (field,) = drawn[name].all("input", name="code")
        assert "aria-invalid" not in field
        assert not drawn[name].all("p", id="code-error")


def test_a_challenge_is_a_part_of_the_form_of_the_host(drawn: dict[str, Reader]) -> None:
    for purpose in get_args(Purpose):
        assert not drawn[purpose].all("form")
        assert not drawn[purpose].all("button")
        assert drawn[purpose].texts("label") == ["Login code"]
        assert drawn[purpose].texts("p") == ([CODE_SENTENCE] if purpose == "login" else [])


def test_the_set_up_page_shows_and_copies_each_setting(parts: dict[str, Any], drawn: dict[str, Reader]) -> None:
    page, context = drawn["set-up"], parts["set-up"].context
    shown = [(field["value"], "readonly" in field, "name" in field) for field in page.all("input", spellcheck="false")]
    assert shown == [(value, True, False) for value in ("TOTP", context["key"], "SHA-1", "6", "30")]
    labels = ["Type", "Secret key", "Hash function", "Digits", "Period (seconds)", "Login code"]
    assert page.texts("label") == labels
    copied = [button["data-copy"] for button in page.all("button", type="button")]
    assert copied == [field["id"] for field in page.all("input", spellcheck="false")]
    assert page.texts("button") == ["Copy"] * 5 + ["Activate"]


def test_the_qr_code_opens_the_app_and_so_does_a_plain_link(parts: dict[str, Any], drawn: dict[str, Reader]) -> None:
    page, context = drawn["set-up"], parts["set-up"].context
    (box,) = [attributes for attributes in page.all("div") if "data-double-tap" in attributes]
    assert box == {"class": "qr", "data-double-tap": context["uri"]}
    assert len(page.all("a", href=context["uri"])) == 1
    (picture,) = page.all("svg")
    assert picture["role"] == "img"
    assert picture["aria-label"]
    assert not {"width", "height"} & set(picture)


def test_the_links_to_the_apps_lead_to_the_two_stores_in_a_tab_of_their_own(drawn: dict[str, Reader]) -> None:
    links = drawn["set-up"].all("a", target="_blank", rel="noopener noreferrer")
    hosts = [str(link["href"]).split("/")[2] for link in links]
    assert hosts == ["play.google.com", "play.google.com", "apps.apple.com", "apps.apple.com"]
    assert all(str(link["href"]).startswith("https://") for link in links)


def test_back_is_a_link_to_the_account(drawn: dict[str, Reader]) -> None:
    for name in ("set-up", "disable"):
        assert len(drawn[name].all("a", href="/account")) == 1


def test_the_section_has_one_button_that_fits_the_user(drawn: dict[str, Reader]) -> None:
    enable = drawn["account False True"]
    assert enable.texts("button") == ["Enable 2-factor authentication with a smartphone app"]
    assert enable.texts("a") == []
    for allowed in (True, False):
        disable = drawn[f"account True {allowed}"]
        assert disable.texts("a") == ["Disable 2-factor authentication with a smartphone app"]
        assert disable.texts("button") == []
    assert "account False False" not in drawn


def test_an_administrator_reads_how_the_user_stands(drawn: dict[str, Reader]) -> None:
    assert drawn["user True False"].texts("p") == [
        "Enabled: each login of this user asks for a code from a smartphone app.",
        "This user may not set up a smartphone app.",
    ]
    assert drawn["user False True"].texts("p") == [
        "Not enabled: this user logs in with the password alone.",
        "This user may set up a smartphone app.",
    ]


def test_what_a_template_gets_is_escaped(parts: dict[str, Any], draw: Draw) -> None:
    evil = '"><script>alert(1)</script>'
    page = parts["set-up"]
    html = draw(
        Page(page.title, page.template, {**page.context, "key": evil, "uri": evil, "error": evil, "back": evil})
    )
    assert "<script>" not in html
    assert html.count("&#34;&gt;&lt;script&gt;") == 5
