# SPDX-License-Identifier: MIT
"""The plugins' own catalogues: one domain per plugin, read once per process."""

from __future__ import annotations

from ccm_core.plugin_manager.registry import Registry
from ccm_core.texts import Texts, Translator, load


class PluginTexts:
    """Translates what plugins say."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._texts: dict[str, Texts] = {}

    def into(self, plugin: str, language: str) -> Translator:
        """Return a plugin's translator; one without translations while the plugin is not loaded."""
        texts = self._texts.get(plugin)
        if texts is None:
            loaded = next((one for one in self._registry.loaded() if one.name == plugin), None)
            try:
                texts = load(loaded.translations if loaded else None)
            except (OSError, ValueError):
                texts = Texts({})
            if loaded:
                self._texts[plugin] = texts
        return texts.into(language)
