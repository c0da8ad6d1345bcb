"""What an error report may hold: names and lines, and no secret."""

from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

from flinkci_dashboard.clients.secrets import MASK, mask


class MaskingReporterFilter(SafeExceptionReporterFilter):
    """Mask every value that holds a known secret or looks like one, besides what Django hides by name."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """Mask one setting or header."""
        cleansed = super().cleanse_setting(key, value)
        return mask(cleansed) if isinstance(cleansed, str) else cleansed

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:  # type: ignore[override]
        """Mask what was sent; a password or a key by any name is as long as one."""
        return {name: MASK if name != "csrfmiddlewaretoken" and value else "" for name, value in self._sent(request)}

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: Any) -> list[tuple[str, Any]]:  # type: ignore[override]
        """Mask the local variables of each frame."""
        return [(name, _masked(value)) for name, value in super().get_traceback_frame_variables(request, tb_frame)]

    def _sent(self, request: HttpRequest | None) -> list[tuple[str, str]]:
        return list(super().get_post_parameters(request).items()) if request else []


def _masked(value: Any) -> Any:
    """Return the value itself where its text holds nothing to mask, else that text, masked."""
    text = repr(value)
    masked = mask(text)
    return value if masked == text else masked
