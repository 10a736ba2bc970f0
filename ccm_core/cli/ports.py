# SPDX-License-Identifier: MIT
"""Whether a port can be had; asked first, since the server shares a port with another one without a word."""

from __future__ import annotations

import errno
import socket

from ccm_core.errors import ConfigError

_REASONS = {
    errno.EADDRINUSE: "Port %(port)d on %(host)s is in use. Stop the other program, or choose a port with --port.",
    errno.EACCES: "Port %(port)d on %(host)s needs more rights. Choose one above 1023 with --port.",
    errno.EADDRNOTAVAIL: "%(host)s is no address of this machine. Choose one with --host.",
}


def free_address(host: str, port: int) -> str:
    """Return the numeric address of ``host`` after binding its port once; raises ConfigError with the reason."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ConfigError("%(host)s is no address or known host name. Choose one with --host.", host=host) from error
    family, _, _, _, address = found[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the last server may linger
        try:
            probe.bind(address)
        except OSError as error:
            reason = _REASONS.get(error.errno or 0, "Port %(port)d on %(host)s cannot be had: %(error)s.")
            raise ConfigError(reason, host=host, port=port, error=error.strerror) from error
    return str(address[0])
