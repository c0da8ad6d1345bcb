"""What pages about two CI services say in many places."""

from django import template
from django.utils.safestring import SafeString

from agents.migration.agreement import Agreement, Verdict
from agents.migration.evidence import Fault, Ruling
from agents.models.builds import Provider
from flinkci_dashboard.templatetags.dashboard import badge

register = template.Library()
AGREEMENTS = {Agreement.AGREE: "ok", Agreement.DIFFER: "failed", Agreement.NONE: "none"}
VERDICTS = {Verdict.PASSED: "ok", Verdict.FAILED: "failed", Verdict.NONE: "none"}
FAULTS = {Fault.FALSE_RED: "partial", Fault.FALSE_GREEN: "failed", Fault.OPEN: "unknown"}
NEAR = 0.8  # of a limit: worth a look from there on


@register.simple_tag
def agreement(value: str) -> SafeString:
    """Show whether both say the same."""
    return badge(AGREEMENTS[Agreement(value)], value)


@register.simple_tag
def verdict(value: str) -> SafeString:
    """Show what one service says."""
    return badge(VERDICTS[Verdict(value)], "no verdict" if value == Verdict.NONE else value)


@register.simple_tag
def fault(ruling: Ruling) -> SafeString:
    """Show what a difference turned out to be, and on which service."""
    side = f" of {Provider(ruling.side).label}" if ruling.side else ""
    return badge(FAULTS[ruling.fault], f"{ruling.fault}{side}")


@register.simple_tag
def limit(share: float) -> SafeString:
    """Show how much of a limit is used."""
    state = "failed" if share > 1 else "partial" if share > NEAR else "ok"
    return badge(state, f"{share:.0%}")


@register.filter
def whole(number: float) -> int:
    """Round a number of things of which shares were added."""
    return round(number)


@register.filter
def percent(share: float | None) -> str:
    """Write a share (0 to 1) in per cent, one digit behind the point; a dash where nothing is known."""
    return "–" if share is None else f"{100 * share:.1f} %"
