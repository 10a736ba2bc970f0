# SPDX-License-Identifier: MIT
"""The plugins' own catalogues: one domain per plugin, read once per process."""

from __future__ import annotations

from ccm_core.errors import PluginRefused
from ccm_core.plugin_manager.registry import Registry
from ccm_core.texts import Texts, Translator, load


class PluginTexts:
    """Translates what plugins say."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._texts: dict[str, Texts] = {}

    def into(self, plugin: str, language: str) -> Translator:
        """Return a plugin's translator; one without translations when the plugin cannot be loaded."""
        texts = self._texts.get(plugin)
        if texts is None:
            try:
                texts = self._texts[plugin] = load(self._registry.get(plugin).translations)
            except (PluginRefused, OSError, ValueError):
                texts = Texts({})
        return texts.into(language)
