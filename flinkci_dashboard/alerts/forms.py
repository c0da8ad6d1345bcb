"""What people enter about alerts: for how long and why to hear nothing, and what they want to hear of."""

from datetime import timedelta
from math import isfinite
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from flinkci_dashboard.alerts.channels import set_address
from flinkci_dashboard.alerts.collect import rules
from flinkci_dashboard.alerts.findings import Rule
from flinkci_dashboard.models import Area, Channel, RuleSetting

LENGTHS = {"1": "1 hour", "4": "4 hours", "24": "a day", "168": "a week"}
KINDS = {
    "area": "an area",
    "branch": "a branch",
    "component": "a component's red pull requests",
    "author": "an author's",
}


class RuleForm(forms.ModelForm):
    """How a rule is set: within what can be meant."""

    class Meta:
        model = RuleSetting
        fields = ("enabled", "limit", "second", "acknowledge")

    def clean_enabled(self) -> bool:
        """Refuse to switch off what everything else hangs on."""
        if not self.cleaned_data["enabled"] and self.instance.rule == "worker":
            raise ValidationError("A silent worker is always told: nothing else is known while it is.")
        return self.cleaned_data["enabled"]

    def clean_limit(self) -> float | None:
        """Refuse a limit that the rule can't have."""
        rule = self._rule()
        return self._within(self.cleaned_data["limit"], rule.limit, rule)

    def clean_second(self) -> float | None:
        """Refuse a second limit that the rule can't have."""
        rule = self._rule()
        return self._within(self.cleaned_data["second"], rule.second, rule)

    def clean(self) -> dict[str, Any]:
        """Refuse a second limit of the same kind that is passed before the first one."""
        data = super().clean() or {}
        rule = self._rule()
        if rule.second is None or not rule.second_unit.startswith(rule.unit) or self.errors:
            return data
        first, second = (data[name] if data[name] is not None else getattr(rule, name) for name in ("limit", "second"))
        if (second - first) * (rule.second - (rule.limit or 0)) < 0:
            self.add_error("second", f"It is passed before the first limit, {first:g} {rule.unit}, is.")
        return data

    def _rule(self) -> Rule:
        return rules().get(self.instance.rule, Rule(self.instance.rule, ""))

    def _within(self, value: float | None, own: float | None, rule: Rule) -> float | None:
        if value is None:
            return None
        if own is None:
            raise ValidationError("This rule has no such limit.")
        most = 100 if rule.unit == "percent" else float("inf")
        if not (isfinite(value) and rule.least <= value <= most):
            raise ValidationError(
                f"Enter a number of at least {rule.least:g}" + (", at most 100." if most == 100 else ".")
            )
        return value


class SilenceForm(forms.Form):
    """Until when nothing is told of an alert, and why."""

    hours = forms.ChoiceField(label="For", choices=list(LENGTHS.items()))
    why = forms.CharField(label="Why", max_length=255)

    @property
    def length(self) -> timedelta:
        """Return for how long."""
        return timedelta(hours=int(self.cleaned_data["hours"]))


class SubscriptionForm(forms.Form):
    """What a member wants to hear of, and where."""

    kind = forms.ChoiceField(label="Of", choices=list(KINDS.items()))
    name = forms.CharField(label="Named", max_length=200, help_text="credentials, release-2.3, Runtime / REST, a login")
    address = forms.CharField(
        label="To",
        required=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Empty: to your mail address. Else a channel's address, which is encrypted and never shown again.",
    )

    def __init__(self, *args: Any, member: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.member = member

    def clean(self) -> dict[str, Any]:
        """Refuse an area that there is not, and mail to nobody."""
        data = super().clean() or {}
        name = data.get("name", "").strip()
        if data.get("kind") == "area" and name not in Area.values:
            self.add_error("name", f"The areas are {', '.join(Area.values)}.")
        if not data.get("address") and not self.member.email:
            self.add_error("address", "Your account has no mail address: enter one, or a channel's address here.")
        return data

    def clean_address(self) -> str:
        """Refuse what is no address of a channel."""
        address = self.cleaned_data["address"].strip()
        if address:
            set_address(Channel(), address)
        return address

    @property
    def tag(self) -> str:
        """Return what findings bear that are meant."""
        return f"{self.cleaned_data['kind']}:{self.cleaned_data['name'].strip()}"


class ChannelForm(forms.ModelForm):
    """A channel in the admin: its address goes in, and never comes out."""

    address = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        help_text="Such as slack://…, jsons://host/path, mailto:list@example.org. It is encrypted at once and never "
        "shown again. Empty: as it is.",
    )

    class Meta:
        model = Channel
        fields = (
            *("name", "enabled", "areas", "severities", "quiet_from", "quiet_to", "time_zone"),
            *("contact", "mailing_list"),
        )

    def clean(self) -> dict[str, Any]:
        """Take the address in."""
        data = super().clean() or {}
        try:
            if address := data.get("address"):
                set_address(self.instance, address)
            elif not self.instance.sealed:
                self.add_error("address", "A channel needs an address.")
        except ValidationError as error:
            self.add_error("address", error)
        return data
