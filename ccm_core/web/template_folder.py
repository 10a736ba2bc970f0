# SPDX-License-Identifier: MIT
"""Where the host's pages lie: inside the package when installed from a wheel, beside it in a checkout."""

from pathlib import Path

from ccm_core.errors import ConfigError

PACKAGE = Path(__file__).resolve().parents[1]


def template_folder(package: Path = PACKAGE) -> Path:
    """Return the folder of the host's templates; raises ConfigError when the installation has none.

    A wheel carries them as ``ccm_core/templates``. An editable install runs from the checkout, where ``templates/``
    is the neighbour of the package.
    """
    for folder in (package / "templates", package.parent / "templates"):
        if folder.is_dir():
            return folder
    raise ConfigError(
        "The page templates are missing: neither %(inside)s nor %(beside)s exists. Install ccm-core again.",
        inside=package / "templates",
        beside=package.parent / "templates",
    )
