# SPDX-License-Identifier: MIT
"""Raises, when it is imported, what ordinary handlers do not catch."""


class Surprise(BaseException):
    pass


raise Surprise
