"""Rules as admins set them, one by one, for those who judge by a rule outside of the alerts' passes."""

from dataclasses import replace

from flinkci_dashboard.alerts.findings import Rule
from flinkci_dashboard.models import RuleSetting


def as_set(rule: Rule) -> Rule:
    """Return a rule with its limits in force, by one query."""
    row = RuleSetting.objects.filter(rule=rule.name).first()
    return set_by(row, rule) if row else rule


def set_by(row: RuleSetting, rule: Rule) -> Rule:
    """Return a rule as a row has it; what the row leaves empty is the rule's own."""
    limit = rule.limit if row.limit is None else row.limit
    second = rule.second if row.second is None else row.second
    return replace(rule, limit=limit, second=second, acknowledge=row.acknowledge)
