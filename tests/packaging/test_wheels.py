# SPDX-License-Identifier: MIT
"""What people install: complete wheels, enough by themselves, and a plugin that is nothing but an entry point."""

import json
import zipfile
from pathlib import Path

from tests.packaging.environment import PLUGINS, PROJECTS, ROOT, Environment, requirements_of

WHERE_THE_TEMPLATES_ARE = "from ccm_core.web.template_folder import template_folder; print(template_folder())"


def files_below(folder: Path) -> set[str]:
    """Return the files of a folder, by their paths from it; what Python compiles does not count."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {file.as_posix() for file in files if "__pycache__" not in file.parts}


def files_in(wheel: Path, folder: str) -> set[str]:
    names = zipfile.ZipFile(wheel).namelist()
    return {name.removeprefix(folder) for name in names if name.startswith(folder)}


def version_of(wheel: Path) -> str:
    return wheel.name.split("-")[1]


def plugins_listed(environment: Environment) -> dict[str, dict[str, object]]:
    return {plugin["name"]: plugin for plugin in json.loads(environment.ccm("plugins", "list", "--json"))}


def test_the_hosts_wheel_holds_the_whole_package_and_the_pages(wheels: dict[str, Path]) -> None:
    pages = {f"templates/{name}" for name in files_below(ROOT / "templates")}
    package = files_below(ROOT / "ccm_core")
    assert {"py.typed", "translations/de.po"} <= package
    assert files_in(wheels["ccm-core"], "ccm_core/") == package | pages


def test_a_plugins_wheel_holds_its_whole_package(wheels: dict[str, Path]) -> None:
    assert sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml")) == list(PLUGINS)
    for name, folder in PLUGINS.items():
        package = files_below(folder / f"ccm_{name}")
        assert {"translations/de.po", "templates/account.html"} <= package
        assert files_in(wheels[f"ccm-{name}"], f"ccm_{name}/") == package


def test_a_wheel_brings_no_other_top_level_name(wheels: dict[str, Path]) -> None:
    for name, wheel in wheels.items():
        tops = {entry.name for entry in zipfile.Path(wheel).iterdir()}
        package = name.replace("-", "_")
        assert tops == {package, f"{package}-{version_of(wheel)}.dist-info"}


def test_init_and_serve_are_enough_after_installing_the_wheels(
    wheels: dict[str, Path], environment: Environment
) -> None:
    for wheel in wheels.values():
        environment.install(wheel)
    assert Path(environment.python(WHERE_THE_TEMPLATES_ARE)).parts[-3:] == ("site-packages", "ccm_core", "templates")
    environment.init()
    with environment.serving():
        assert environment.draws_the_login_page()


def test_init_and_serve_are_enough_after_an_editable_install(wheels: dict[str, Path], environment: Environment) -> None:
    for name, project in PROJECTS.items():
        environment.link([*requirements_of(wheels[name]), "hatchling", "editables"])
        environment.pip("install", "--no-index", "--no-build-isolation", "--editable", project)
    assert environment.python(WHERE_THE_TEMPLATES_ARE) == str(ROOT / "templates")
    environment.init()
    with environment.serving():
        assert environment.draws_the_login_page()
    assert list(plugins_listed(environment)) == list(PLUGINS)


def test_the_plugin_is_found_by_its_entry_point_and_the_host_works_without_it(
    wheels: dict[str, Path], environment: Environment
) -> None:
    environment.install(wheels["ccm-core"])
    environment.init()
    assert plugins_listed(environment) == {}
    environment.install(wheels["ccm-twofactor"])
    assert plugins_listed(environment)["twofactor"]["version"] == version_of(wheels["ccm-twofactor"])
    environment.ccm("plugins", "activate", "twofactor")
    environment.pip("uninstall", "--yes", "ccm-twofactor")
    with environment.serving():
        assert environment.draws_the_login_page()
    assert environment.python("import importlib.util; print(importlib.util.find_spec('ccm_twofactor'))") == "None"
