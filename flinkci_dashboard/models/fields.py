"""Fields that the models share: a list of choices, and a value that only `clients.secrets` can read."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst

SEAL = "gAAAA"  # how every Fernet token begins: version 0x80 and the high bytes of the time, in base64


class ChoiceListField(models.JSONField):
    """Any number of values of one TextChoices, in the order of its members."""

    def __init__(self, *args: Any, of: type[models.TextChoices] | None = None, **options: Any) -> None:
        self.of = of
        options.setdefault("default", list)
        options.setdefault("blank", True)
        super().__init__(*args, **options)

    def formfield(self, **options: Any) -> forms.Field:  # type: ignore[override]
        """Offer the choices as check boxes."""
        return forms.MultipleChoiceField(
            choices=self.of.choices if self.of else [],
            widget=forms.CheckboxSelectMultiple,
            required=not self.blank,
            label=capfirst(self.verbose_name),
            help_text=self.help_text,
        )


class SealedField(models.TextField):
    """An encrypted text. It holds what `clients.secrets.seal` returns and refuses everything else.

    It is not decrypted on the way out, so that no template, serializer, dump or repr can show the secret.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **(options | {"editable": False}))

    def get_prep_value(self, value: Any) -> Any:
        """Refuse to write an open secret; raises ValidationError, which does not repeat it."""
        value = super().get_prep_value(value)
        if value and not value.startswith(SEAL):
            raise ValidationError("A sealed field was given a value that is not encrypted.")
        return value
