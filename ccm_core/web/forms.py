# SPDX-License-Identifier: MIT
"""Forms: WTForms parses and checks, the templates write the inputs. Rules that need the database are the services'."""

from __future__ import annotations

from wtforms import Field, Form, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, StopValidation

from ccm_core.errors import NotFound
from ccm_core.texts import Translator
from ccm_core.texts import marked as _

REQUIRED = _("Please fill in this field.")
TOO_LONG = _("This is too long.")
_filled = DataRequired(REQUIRED)
_typed = InputRequired(REQUIRED)


def _sent(_form: Form, field: Field) -> None:
    """Refuse a form without the field: browsers send an empty one too, and what is missing must not be emptied."""
    if not field.raw_data:
        raise StopValidation(REQUIRED)


class LoginForm(Form):
    """Name and password; neither is cut or trimmed (ASVS 6.2.8)."""

    username = StringField(validators=[_filled, Length(max=320, message=TOO_LONG)])
    password = PasswordField(validators=[_typed, Length(max=2000, message=TOO_LONG)])


class ForgotForm(Form):
    """Whose password is to be reset."""

    username = StringField(validators=[_filled, Length(max=320, message=TOO_LONG)])


class NewPasswordForm(Form):
    """A new password, twice."""

    new_password = PasswordField(validators=[_typed, Length(max=2000, message=TOO_LONG)])
    repeat_password = PasswordField(validators=[_typed, Length(max=2000, message=TOO_LONG)])


class ChangePasswordForm(NewPasswordForm):
    """The own password: the current one, and a new one twice."""

    current_password = PasswordField(validators=[_typed, Length(max=2000, message=TOO_LONG)])


class ProfileForm(Form):
    """What people change freely about themselves."""

    first_name = StringField(validators=[_sent, Length(max=400, message=TOO_LONG)])
    last_name = StringField(validators=[_sent, Length(max=400, message=TOO_LONG)])
    company = StringField(validators=[_sent, Length(max=400, message=TOO_LONG)])
    language = StringField(validators=[_sent, Length(max=16, message=TOO_LONG)])


class EmailForm(Form):
    """A new e-mail address."""

    email = StringField(validators=[_filled, Length(max=320, message=TOO_LONG)])


class NewUserForm(EmailForm):
    """A user that an administrator adds."""

    name = StringField(validators=[_filled, Length(max=400, message=TOO_LONG)])
    role = StringField(validators=[_filled, Length(max=32, message=TOO_LONG)])


def id_of(text: str, missing: str) -> int:
    """Return an id that stands in a form or an address; raises NotFound with the sentence for what can be none."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound(missing)
    return int(text)


def errors_of(form: Form, texts: Translator) -> dict[str, str]:
    """Return the first error of each field in the reader's language."""
    return {name: texts.gettext(str(form[name].errors[0])) for name in form.data if form[name].errors}
