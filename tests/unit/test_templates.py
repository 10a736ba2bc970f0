# SPDX-License-Identifier: MIT
"""The pages keep their promises: strict CSP, page tokens, documented context, tied errors, readable colours."""

import re
from pathlib import Path

import jinja2
import pytest
from jinja2 import meta, nodes
from markupsafe import Markup

from ccm_core.web.template_folder import template_folder

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = template_folder()
STATIC = REPOSITORY / "ccm_core" / "web" / "static"
SCRIPT = (STATIC / "app.js").read_text()
STYLE = (STATIC / "app.css").read_text()
PAGES = sorted(FOLDER.glob("*.html"))
EVERY_TEMPLATE = PAGES + sorted((REPOSITORY / "plugins").glob("*/*/templates/**/*.html"))
TOKEN = Markup('<input type="hidden" name="page_token" value="token-of-this-page">')
GLOBALS = {
    "_": str,
    "ngettext": lambda one, many, n: one if n == 1 else many,
    "lang": "en",
    "static": "/static/{}".format,
    "page_token_field": lambda: TOKEN,
    "instance_name": "Consent Management",
    "user": None,
    "is_admin": False,
    "messages": [],
    "path": "/",
    "lock_seconds": 1800,
    "when": str,
}
ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
)


class Person:
    """The signed-in user as the pages see it."""

    name = "erika"
    display_name = "Erika Musterfrau"
    email = "erika@example.org"
    language = ""


def draw(page: str, **context: object) -> str:
    return ENVIRONMENT.get_template(page).render(GLOBALS | context)


def draw_field(call: str) -> str:
    source = '{% from "macros.html" import field, select, checkbox %}{{ ' + call + " }}"
    return ENVIRONMENT.from_string(source).render(GLOBALS)


@pytest.fixture(params=EVERY_TEMPLATE, ids=lambda path: path.name)
def source(request: pytest.FixtureRequest) -> str:
    return request.param.read_text()


def test_no_template_needs_more_than_the_strict_policy(source: str):
    assert not re.search(r"<style|<script(?![^>]* src=)|javascript:", source)
    assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", source)


def test_every_post_form_carries_the_page_token_and_no_get_form_does(source: str):
    for form in re.findall(r"<form.*?</form>", source, re.DOTALL):
        assert ("page_token_field()" in form) == ('method="post"' in form.split(">", 1)[0])


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_page_names_its_context_in_its_first_lines(page: Path):
    source = page.read_text()
    opening = re.match(r"\{#.*?#\}", source, re.DOTALL)
    assert opening
    tree = ENVIRONMENT.parse(source)
    own = {macro.name for macro in tree.find_all(nodes.Macro)}
    own |= {assign.target.name for assign in tree.find_all(nodes.Assign)}
    own |= {name for line in tree.find_all(nodes.FromImport) for name in line.names}
    used = meta.find_undeclared_variables(tree) - GLOBALS.keys() - own
    assert used <= set(re.findall(r"\w+", opening[0]))


def test_an_error_page_is_drawn_without_token_and_for_anybody():
    told = {"status": 404, "title": "Not found", "text": "There is no such page.", "user": Person()}
    page = draw("error.html", **told, reference="")
    assert "There is no such page." in page
    assert "Reference" not in page
    assert TOKEN not in page
    assert "Reference for your administrator: abc" in draw("error.html", **told, reference="abc")


def test_every_page_inside_a_session_holds_the_closed_dialog_with_its_token():
    page = draw("plugin_page.html", title="Anything", part=Markup("<p>part</p>"), user=Person(), path="/a b")
    dialog = re.search(r"<dialog.*?</dialog>", page, re.DOTALL)
    assert dialog
    assert " open" not in dialog[0].split(">", 1)[0]
    assert 'action="/session/unlock"' in dialog[0]
    assert TOKEN in dialog[0]
    assert "Your session has expired." in dialog[0]
    assert 'href="/login?next=/a%20b"' in dialog[0]
    assert 'data-lock-seconds="1800"' in page


def test_enter_in_the_code_field_means_log_in_and_never_back():
    page = draw("challenge.html", part=Markup('<input name="code">'), factor="other", others=[], next="/", error=None)
    code_form = next(form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'name="code"' in form)
    own = [button for button in re.findall(r"<button[^>]*>[^<]*", code_form) if " form=" not in button]
    assert [button.split(">")[1].strip() for button in own] == ["Log in"]
    assert 'value="back"' not in code_form


def test_the_menu_marks_the_present_page_and_hides_administration_from_users():
    page = draw("plugin_page.html", title="x", part="", user=Person(), path="/admin/users/7", is_admin=True)
    assert re.findall(r'href="([^"]*)"\s+aria-current="page"', page) == ["/admin/users"]
    assert "/admin/" not in draw("plugin_page.html", title="x", part="", user=Person(), path="/account")


@pytest.mark.parametrize(
    "call",
    [
        'field("age", "Age", "<3", "Too young.", hint="In years.")',
        'select("age", "Age", [("<3", "small")], "<3", "Too young.", hint="In years.")',
        'checkbox("age", "Age", true, "Too young.", hint="In years.")',
    ],
)
def test_label_hint_and_error_are_tied_to_their_field(call: str):
    html = draw_field(call)
    identity = re.search(r'<(?:input|select)\s+id="([^"]+)"', html)
    described = re.search(r'aria-describedby="([^"]+)"', html)
    assert identity
    assert described
    assert f'<label for="{identity[1]}">Age</label>' in html
    texts = [re.search(rf'id="{one}">([^<]*)', html)[1] for one in described[1].split()]
    assert texts == ["In years.", "Too young."]
    assert 'aria-invalid="true"' in html
    assert "<3" not in html


def test_a_field_without_fault_is_not_marked_as_faulty():
    assert "aria-" not in draw_field('field("age", "Age", "3")').replace("aria-hidden", "")


def test_a_password_is_never_written_back_into_the_page():
    assert "secret" not in draw_field('field("password", "Password", "secret", type="password")')


def test_the_summary_is_announced_and_links_to_the_faulty_fields():
    page = draw("login.html", values={}, errors={"password": "Please enter it."}, error="Refused.", next="")
    summary = re.search(r'<div class="alert" role="alert">.*?</div>', page, re.DOTALL)
    assert summary
    assert "Refused." in summary[0]
    assert re.findall(r'href="#([^"]+)">([^<]+)', summary[0]) == [("f-password", "Please enter it.")]
    assert 'id="f-password"' in page


@pytest.mark.parametrize(
    "word",
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "Storage", "cookie"],
)
def test_the_script_never_writes_markup_runs_text_or_keeps_data(word: str):
    assert word not in SCRIPT


def test_style_sheet_and_script_stay_small():
    assert len(STYLE.encode()) + len(SCRIPT.encode()) < 32_000


def luminance(colour: str) -> float:
    """Relative luminance of a colour as #rgb or #rrggbb (WCAG 2.2)."""
    digits = colour.lstrip("#")
    pairs = [digits[i : i + 2] for i in (0, 2, 4)] if len(digits) == 6 else [digit * 2 for digit in digits]
    parts = [int(pair, 16) / 255 for pair in pairs]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def colours(theme: str) -> dict[str, str]:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)", 1)
    dark = dark.split("/* Elements */")[0]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", dark)) if theme == "dark" else {})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_by_four_and_a_half_and_edges_by_three(theme: str):
    named = colours(theme)
    texts = [(text, ground) for text in ("text", "soft", "link") for ground in ("paper", "raised", "ground")]
    texts += [(f"on-{kind}", kind) for kind in ("good", "bad", "fair", "calm", "grey")]
    texts += [("on-bad", "paper"), ("on-bad", "raised")]
    assert {pair: ratio for pair in texts if (ratio := contrast(named[pair[0]], named[pair[1]])) < 4.5} == {}
    assert {name: ratio for name in ("green", "blue", "red") if (ratio := contrast("#fff", named[name])) < 4.5} == {}
    edges = [("edge", "paper"), ("edge", "raised"), ("focus", "paper"), ("focus", "ground"), ("sign", "paper")]
    assert {pair: ratio for pair in edges if (ratio := contrast(named[pair[0]], named[pair[1]])) < 3} == {}
