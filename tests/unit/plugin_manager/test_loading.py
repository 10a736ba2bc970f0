# SPDX-License-Identifier: MIT
"""Every reason to refuse a plugin has a tiny plugin in ``tests/bad_plugins/refused`` and its sentence here."""

from pathlib import Path

import pytest

from ccm_core.errors import PluginRefused
from ccm_core.plugin_manager.loading import LoadedPlugin, load
from tests.bad_plugins import names_of, plugin_name
from tests.unit.plugin_manager.conftest import Install

REASONS = {
    "import_error": "its import from import_error: ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
    "import_exits": "its import from import_exits: SystemExit: 3",
    "import_raises_base": "its import from import_raises_base: Surprise",
    "target_missing": "its import from target_missing:plugin: AttributeError: module 'target_missing' has no attribute",
    "target_class": "names the class Plugin: name a module or an instance",
    "object_unhashable": "cannot be hashed: give its class Plugin no __eq__",
    "future_host": "needs ccm-core >=99 and this is 1.0.0: install a version of ccm-futurehost",
    "no_hook": "implements no hook: mark its ccm_… functions with @hookimpl",
    "unknown_hook": "implements ccm_login_chalenge, which is no hook. Use one of: ccm_login_challenge.",
    "unmarked_hook": "ccm_login_challenge of the plugin unmarkedhook is named like a hook but not marked: put @hook",
    "unknown_argument": "has the argument user, which this hook does not pass. It passes: login.",
    "default_argument": "has the argument logn=None: only plain arguments without a default",
    "keyword_only_argument": "ccm_login_challenge of the plugin keywordonlyargument has the argument login: only plain",
    "star_argument": "has the argument *login: only plain",
    "double_star_argument": "has the argument **login: only plain",
    "option_wrapper": "ccm_login_challenge of the plugin optionwrapper uses the option wrapper: name it after its hook",
    "option_hookwrapper": "uses the option hookwrapper",
    "option_tryfirst": "uses the option tryfirst",
    "option_trylast": "uses the option trylast",
    "option_optionalhook": "ccm_login_chalenge of the plugin optionoptionalhook uses the option optionalhook",
    "option_specname": "The function challenge of the plugin optionspecname uses the option specname",
    "hook_twice": "ccm_login_challenge more than once, in another_challenge and ccm_login_challenge: keep one",
    "async_hook": "ccm_login_challenge of the plugin asynchook is async: make it a plain function",
    "async_generator_hook": "ccm_account_sections of the plugin asyncgeneratorhook is async",
    "generator_hook": "ccm_account_sections of the plugin generatorhook is a generator: return a list",
    "hook_is_no_function": "ccm_signed_in of the plugin hookisnofunction is a partial",
    "pages_raise": "its pages: ValueError: no pages today",
    "pages_exit": "its pages: SystemExit",
    "pages_wrong_type": "answers ccm_pages with something else than a list of Route objects",
    "page_path_absolute": "the path '/admin/users': it is relative to the plugin's own address",
    "page_path_dots": "the path 'x/../../admin': it may hold no",
    "page_path_blank": r"the path 'set\nup': it may hold no",
    "page_path_no_text": "the path 7: it is no text",
    "page_converter": "the path '<nothing:item>': the converter 'nothing' does not exist",
    "page_method": "has the method 'DELETE': only GET and POST are served",
    "page_twice": "has two pages for GET 'item/<int:other>': keep one",
    "page_view_no_function": "'setup' of the plugin pageviewnofunction cannot be called",
    "page_view_async": "'setup' of the plugin pageviewasync is async",
    "page_view_arguments": "'setup' of the plugin pageviewarguments does not take one argument",
    "settings_raise": "its settings: ValueError: no settings today",
    "settings_wrong_type": "answers ccm_settings with something else than a SettingsForm",
    "settings_list": "answers ccm_settings with something else than a SettingsForm of a tuple",
    "setting_no_field": "it is no SettingField",
    "setting_name": "The setting 'two words' of the plugin settingname cannot be used: its name must be an identifier",
    "setting_twice": "The setting 'digits' of the plugin settingtwice cannot be used: its name is used twice",
    "setting_label": "label and help must be texts",
    "setting_kind": "the kind 'colour' is not one of text, integer, boolean, choice",
    "setting_default_kind": "the default True does not fit the kind integer",
    "setting_choices_shape": "its choices must be a tuple of pairs",
    "setting_choice_twice": "a choice is named twice",
    "setting_choice_default": "the default 'xl' is not among its choices",
    "setting_choices_of_text": "only the kind choice has choices",
    "setting_limits": "the default 9 is outside its limits",
    "setting_limits_of_text": "minimum and maximum are whole numbers and only for the kind integer",
}


def reason_of(install: Install, stem: str) -> str:
    record = install(stem)[plugin_name(stem)]
    with pytest.raises(PluginRefused) as refused:
        load(record)
    assert refused.value.plugin == record.name
    return str(refused.value)


@pytest.mark.parametrize("stem", names_of("refused"))
def test_a_bad_plugin_is_refused_with_its_name_and_the_reason(install: Install, stem: str) -> None:
    reason = reason_of(install, stem)
    assert REASONS[stem] in reason
    assert plugin_name(stem) in reason


@pytest.mark.parametrize("stem", names_of("failing"))
def test_a_plugin_that_will_fail_when_called_loads(install: Install, stem: str) -> None:
    assert load(install(stem)[plugin_name(stem)]).hooks


def test_a_file_that_is_no_python_is_refused(install: Install, tmp_path: Path) -> None:
    record = install("working")["working"]
    (tmp_path / "working" / "__init__.py").write_text("def broken(:\n")
    with pytest.raises(PluginRefused, match=r"SyntaxError: invalid syntax \(__init__.py, line 1\)"):
        load(record)


def test_an_interruption_by_a_person_is_not_a_reason(install: Install, tmp_path: Path) -> None:
    record = install("no_hook")["nohook"]
    (tmp_path / "no_hook.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load(record)


@pytest.fixture
def working(install: Install) -> LoadedPlugin:
    return load(install("working")["working"])


def test_a_plugin_that_keeps_the_rules_is_described(working: LoadedPlugin, tmp_path: Path) -> None:
    assert working.name == "working"
    assert working.hooks == {
        "ccm_login_challenge",
        "ccm_account_sections",
        "ccm_user_sections",
        "ccm_password_reset",
        "ccm_signed_in",
        "ccm_pages",
        "ccm_settings",
        "ccm_commands",
    }
    assert [field.name for field in working.settings.fields] == ["greeting", "digits", "strict", "size"]
    home = tmp_path / "working"
    assert (working.templates, working.translations, working.static) == (
        home / "templates",
        home / "translations",
        home / "static",
    )


@pytest.mark.parametrize(
    ("method", "path", "index"),
    [
        ("GET", "/", 0),
        ("GET", "/setup", 1),
        ("GET", "/setup/", 1),
        ("HEAD", "/setup", 1),
        ("POST", "/setup", 2),
        ("POST", "/", None),
        ("PUT", "/setup", None),
        ("GET", "/other", None),
        ("GET", "//setup", 1),
    ],
)
def test_a_page_is_found_by_method_and_path(working: LoadedPlugin, method: str, path: str, index: int | None) -> None:
    rules = working.url_map.bind("localhost")
    assert rules.test(path, method) is (index is not None)
    if index is not None:
        assert rules.match(path, method) == (index, {})


def test_an_object_of_a_module_can_be_the_plugin(install: Install, tmp_path: Path) -> None:
    record = install("object_unhashable")["objectunhashable"]
    code = (tmp_path / "object_unhashable.py").read_text()
    (tmp_path / "object_unhashable.py").write_text(code + "\n\nPlugin.__hash__ = object.__hash__\n")
    assert load(record).hooks == {"ccm_signed_in"}


@pytest.mark.parametrize(
    ("decorators", "argument"),
    [
        ("@staticmethod\n    @hookimpl", ""),
        ("@hookimpl\n    @staticmethod", ""),
        ("@classmethod\n    @hookimpl", "cls"),
    ],
)
def test_a_static_or_class_method_can_be_a_hook(
    install: Install, tmp_path: Path, decorators: str, argument: str
) -> None:
    record = install("object_unhashable")["objectunhashable"]
    (tmp_path / "object_unhashable.py").write_text(
        "from ccm_core.plugin_api import hookimpl\nclass Plugin:\n"
        f"    {decorators}\n    def ccm_pages({argument}): return []\nplugin = Plugin()\n"
    )
    assert load(record).hooks == {"ccm_pages"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "from functools import partial\nccm_signed_in = partial(print)",
            "ccm_signed_in of the plugin nohook is a partial",
        ),
        ("class ccm_pages: pass", "ccm_pages of the plugin nohook is a type"),
        (
            "from functools import partial\nfrom ccm_core.plugin_api import hookimpl\nheard = hookimpl(partial(print))",
            "heard of the plugin nohook is a partial",
        ),
        (
            "from ccm_core.plugin_api import hookimpl\n@hookimpl\ndef draw(): pass",
            "draw, which is no hook. Use one of: ccm_account_sections, ccm_commands, ccm_login_challenge, ccm_pages",
        ),
        (
            "from ccm_core.plugin_api import hookimpl\n@hookimpl\ndef ccm_pages(request): pass",
            "has the argument request, which this hook does not pass. It passes: nothing.",
        ),
    ],
)
def test_other_ways_to_miss_a_hook_are_refused(install: Install, tmp_path: Path, code: str, reason: str) -> None:
    record = install("no_hook")["nohook"]
    (tmp_path / "no_hook.py").write_text(code + "\n")
    with pytest.raises(PluginRefused) as refused:
        load(record)
    assert reason in str(refused.value)


def test_an_object_that_is_none_has_no_hook(install: Install, tmp_path: Path) -> None:
    record = install("object_unhashable")["objectunhashable"]
    (tmp_path / "object_unhashable.py").write_text("plugin = None\n")
    with pytest.raises(PluginRefused, match="implements no hook"):
        load(record)


def test_an_imported_module_is_not_taken_for_a_hook(install: Install, tmp_path: Path) -> None:
    record = install("no_hook")["nohook"]
    (tmp_path / "no_hook.py").write_text(
        "import ccm_core.plugin_api\nimport types\nccm_pages = types\n"
        "@ccm_core.plugin_api.hookimpl\ndef ccm_signed_in(): pass\n"
    )
    assert load(record).hooks == {"ccm_signed_in"}


def test_a_property_is_not_run_while_hooks_are_sought(install: Install, tmp_path: Path) -> None:
    record = install("object_unhashable")["objectunhashable"]
    (tmp_path / "object_unhashable.py").write_text(
        "from ccm_core.plugin_api import hookimpl\nclass Plugin:\n    @property\n    def trap(self): raise SystemExit\n"
        "    @hookimpl\n    def ccm_pages(self): return None\nplugin = Plugin()\n"
    )
    assert load(record).hooks == {"ccm_pages"}


def test_a_problem_that_was_found_before_the_import_is_told_as_it_is(install: Install) -> None:
    record = install("future_host")["futurehost"]
    with pytest.raises(PluginRefused) as refused:
        load(record)
    assert str(refused.value) == record.problem


def test_an_object_that_cannot_be_looked_at_is_refused(install: Install, tmp_path: Path) -> None:
    record = install("object_unhashable")["objectunhashable"]
    (tmp_path / "object_unhashable.py").write_text(
        "class Plugin:\n    def __dir__(self): raise ValueError('no list')\nplugin = Plugin()\n"
    )
    with pytest.raises(PluginRefused) as refused:
        load(record)
    stage = "the check of its hooks"
    assert str(refused.value) == f"The plugin objectunhashable failed in {stage}: ValueError: no list."
    assert refused.value.plugin == "objectunhashable"


def test_a_module_that_does_not_say_where_it_lies_is_refused(install: Install, tmp_path: Path) -> None:
    record = install("working")["working"]
    code = (tmp_path / "working" / "__init__.py").read_text()
    (tmp_path / "working" / "__init__.py").write_text(code + "\n\ndel __file__\n")
    with pytest.raises(PluginRefused) as refused:
        load(record)
    assert str(refused.value).startswith("The plugin working failed in its files: AttributeError: ")
    assert refused.value.plugin == "working"
