"""The rules on worker names that an installation starts from."""

from agents.machines.names import DEFAULT_RULES
from agents.models import HostRule, Watermark


def bootstrap() -> None:
    """Create the rules on worker names, once: what an admin changed or deleted stays so."""
    if HostRule.objects.exists() or Watermark.objects.filter(name="rules").exists():
        return
    HostRule.objects.bulk_create(
        HostRule(order=order, pattern=pattern, host=host, comment=comment)
        for order, pattern, host, comment in DEFAULT_RULES
    )
