# SPDX-License-Identifier: MIT
"""From entry points to records of what is installed; imports no plugin."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import HeaderParser
from email.utils import getaddresses
from importlib.metadata import Distribution, EntryPoint, distributions

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

GROUP = "ccm.plugins"
"""The entry-point group in which a distribution announces its plugins."""

HOST = "ccm-core"
"""The host's distribution, as plugins name it in their requirements."""

NAME = re.compile(r"[a-z][a-z0-9]{0,63}")
"""What a plugin may be called."""

_TARGET = re.compile(r"\w+(\.\w+)*(:\w+(\.\w+)*)?")
_LABEL_LENGTH = 40


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """One announced plugin, as far as it is known without its code.

    ``label`` and ``summary`` come from the metadata field Summary: ``2-factor authentication: asks for a code`` gives
    the label before the colon and the summary behind it; without a label of at most 40 characters the label is the
    capitalised name. ``target`` is a module, or a module and an object (``package.module:object``).
    ``requires_host`` is the specifier of the requirement ``ccm-core``, empty if there is none.
    ``problem`` is the sentence that tells why the plugin cannot be used, or None.
    """

    name: str
    label: str
    version: str
    author: str
    summary: str
    links: tuple[tuple[str, str], ...]
    distribution: str
    target: str
    requires_host: str
    problem: str | None


def discover(
    host_version: str, path: Sequence[str] | None = None, reserved: Collection[str] = ()
) -> dict[str, PluginRecord]:
    """Return a record for every plugin announced on ``path`` (None: ``sys.path``), by name.

    A faulty one gets a ``problem`` and hides nobody else. ``reserved`` names belong to the host's console commands.
    """
    found: dict[str, list[PluginRecord]] = {}
    for distribution in distributions() if path is None else distributions(path=list(path)):
        for point in _entry_points(distribution):
            found.setdefault(point.name, []).append(_record(point, distribution))
    return {name: _judge(records, host_version, reserved) for name, records in sorted(found.items())}


def _entry_points(distribution: Distribution) -> list[EntryPoint]:
    """Return what the distribution announces to us; an unreadable list cannot be known to be a plugin's."""
    try:
        return [point for point in distribution.entry_points if point.group == GROUP]
    except (OSError, TypeError, ValueError):
        return []


def _record(point: EntryPoint, distribution: Distribution) -> PluginRecord:
    problem = None
    try:
        headers = HeaderParser().parsestr(
            distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        )
        requires_host = str(_host_specifier(headers.get_all("Requires-Dist", [])))
    except ValueError as error:  # not UTF-8, or a requirement or marker that packaging cannot read
        headers, requires_host = Message(), ""
        problem = f"The metadata of the distribution that announces the plugin {point.name} cannot be read: {error}."
    target = ":".join(part.strip() for part in point.value.partition("[")[0].split(":"))
    if problem is None and _TARGET.fullmatch(target) is None:
        problem = f"The plugin {point.name} names no module: its entry point is {point.value!r}."
    label, summary = _label_and_summary(point.name, _text(headers, "Summary"))
    return PluginRecord(
        name=point.name,
        label=label,
        version=_text(headers, "Version"),
        author=_author(headers),
        summary=summary,
        links=tuple(_links(headers)),
        distribution=_text(headers, "Name"),
        target=target,
        requires_host=requires_host,
        problem=problem,
    )


def _judge(records: list[PluginRecord], host_version: str, reserved: Collection[str]) -> PluginRecord:
    """Return the one record of a name, with the first reason why it cannot be used.

    One distribution may be met twice (a checkout beside its installed metadata); two that differ are both refused,
    since nobody could say whose code would run.
    """
    record = records[0]
    origins = sorted({(canonicalize_name(one.distribution), one.version, one.target) for one in records})
    problem = record.problem
    if NAME.fullmatch(record.name) is None:
        problem = (
            f"The plugin name {record.name!r} of the distribution {record.distribution} is not allowed: "
            "a name is a lower-case letter and up to 63 lower-case letters and digits."
        )
    elif record.name in reserved:
        problem = (
            f"The plugin name {record.name!r} of the distribution {record.distribution} is a console command of the "
            "host: the plugin needs another name."
        )
    elif len(origins) > 1:
        named = " and ".join(f"{distribution} {version} ({target})" for distribution, version, target in origins)
        problem = f"The plugin {record.name} is announced by {named}: uninstall all but one."
    elif problem is None and not SpecifierSet(record.requires_host).contains(host_version, prereleases=True):
        problem = (
            f"The plugin {record.name} {record.version} needs {HOST} {record.requires_host} and this is "
            f"{host_version}: install a version of {record.distribution} that fits."
        )
    return replace(record, problem=problem)


def _host_specifier(requirements: Iterable[str]) -> SpecifierSet:
    """Return which hosts fit. Raises ValueError for a requirement or marker that cannot be read."""
    specifier = SpecifierSet()
    for text in requirements:
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) == HOST and (
            requirement.marker is None or requirement.marker.evaluate()
        ):
            specifier &= requirement.specifier
    return specifier


def _label_and_summary(name: str, summary: str) -> tuple[str, str]:
    label, colon, rest = summary.partition(": ")
    return (label, rest.strip()) if colon and len(label) <= _LABEL_LENGTH else (name.capitalize(), summary)


def _author(headers: Message) -> str:
    for field in ("Author", "Maintainer"):
        addresses = getaddresses([_text(headers, f"{field}-email")])
        names = _text(headers, field) or ", ".join(name or address for name, address in addresses if name or address)
        if names:
            return names
    return ""


def _links(headers: Message) -> Iterator[tuple[str, str]]:
    """Yield label and address of the links; only web addresses, since they become ``href`` attributes."""
    for text in (*headers.get_all("Project-URL", []), f"Homepage, {_text(headers, 'Home-page')}"):
        label, _, address = str(text).partition(",")
        if address.strip().lower().startswith(("https://", "http://")):
            yield label.strip(), address.strip()


def _text(headers: Message, field: str) -> str:
    return str(headers.get(field, "")).strip()
