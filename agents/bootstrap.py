"""What an installation starts from: rules on worker names, the map of jobs of both CI services, and criteria."""

from agents.failures.comments import offer_switch
from agents.machines.names import DEFAULT_RULES
from agents.migration.defaults import CRITERIA, RULES
from agents.models import Criterion, HostRule, JobRule, Watermark


def bootstrap() -> None:
    """Create these rows, once: what an admin changed or deleted stays so."""
    offer_switch()
    _host_rules()
    if Watermark.objects.get_or_create(name="migration")[1]:
        _job_rules()
        _criteria()


def _host_rules() -> None:
    if HostRule.objects.exists() or Watermark.objects.filter(name="rules").exists():
        return
    HostRule.objects.bulk_create(
        HostRule(order=order, pattern=pattern, host=host, comment=comment)
        for order, pattern, host, comment in DEFAULT_RULES
    )


def _job_rules() -> None:
    JobRule.objects.bulk_create(
        JobRule(order=10 * place, group=rule.group, azure=rule.azure, actions=rule.actions, gaps=sorted(rule.gaps))
        for place, rule in enumerate(RULES, 1)
    )


def _criteria() -> None:
    Criterion.objects.bulk_create(
        Criterion(order=10 * place, kind=kind, threshold=threshold, days=days, excepted=excepted)
        for place, (kind, threshold, days, excepted) in enumerate(CRITERIA, 1)
    )
