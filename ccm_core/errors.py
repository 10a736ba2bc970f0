# SPDX-License-Identifier: MIT
"""Every error the host raises on purpose.

    CcmError
    ├── ConfigError          settings, key file or database cannot be used; stops a start
    ├── SealError            sealed data cannot be opened (wrong or missing key, tampering)
    ├── InputError           a value somebody typed is not acceptable; carries the field
    ├── NotFound             the named thing does not exist in this instance
    ├── Conflict             the change is not possible in the present state
    ├── Throttled            too many attempts; carries the seconds to wait
    ├── Busy                 a bounded queue is full or the database is locked; try again
    ├── PluginRefused        a plugin was not loaded; carries its name
    └── PluginFailed         a call to a plugin failed; carries its name and the hook

Messages are sentences that name the thing and the mend. They are English message ids; the layer that shows
them translates, with ``values`` filled in after the translation.
"""

from __future__ import annotations


class CcmError(Exception):
    """Base of all. ``message`` is a message id with ``%(name)s`` places for ``values``."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message = message
        self.values = values

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class ConfigError(CcmError):
    """Stops a start: the sentence names the setting, file or database and the mend."""


class SealError(CcmError):
    """Sealed data cannot be opened with the keys at hand; the caller must refuse."""


class InputError(CcmError):
    """A typed value is not acceptable; ``field`` names the form field or option."""

    def __init__(self, field: str, message: str, **values: object) -> None:
        super().__init__(message, **values)
        self.field = field


class NotFound(CcmError):
    """The named thing does not exist in this instance."""


class Conflict(CcmError):
    """The change is not possible in the present state, for example for the last administrator."""


class Throttled(CcmError):
    """Too many attempts. ``retry_after`` is in whole seconds; nothing was counted."""

    def __init__(self, message: str, retry_after: int, **values: object) -> None:
        super().__init__(message, **values)
        self.retry_after = max(1, retry_after)


class Busy(CcmError):
    """A bounded queue is full (status 429), or the database is locked (503); ``retry_after`` is in whole seconds."""

    def __init__(self, message: str, retry_after: int = 1, status: int = 503, **values: object) -> None:
        super().__init__(message, **values)
        self.retry_after = max(1, retry_after)
        self.status = status


class PluginRefused(CcmError):
    """A plugin was not loaded; the message is the reason that the administrator reads, ``%(name)s`` the plugin."""

    def __init__(self, plugin: str, message: str, **values: object) -> None:
        super().__init__(message, **{**values, "name": plugin})
        self.plugin = plugin


class PluginFailed(CcmError):
    """A call to a plugin failed: it raised, or answered something that the hook does not allow."""

    def __init__(self, plugin: str, hook: str, message: str, **values: object) -> None:
        super().__init__(message, **{**values, "name": plugin})
        self.plugin = plugin
        self.hook = hook
