"""Lists as members look at them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse


class SavedView(models.Model):
    """A list with a filter and an order, under a name that a member gave it. Nobody else sees it."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=40)  # name of the list's address
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)  # of the address, as `accounts.saved.canonical` writes it
    start = models.BooleanField(default=False)  # it is what the member sees first

    class Meta:
        ordering = ["page", "name"]
        constraints = [
            models.UniqueConstraint(fields=["member", "page", "name"], name="unique_saved_view"),
            models.UniqueConstraint(fields=["member"], condition=Q(start=True), name="one_start_page"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """Return the address of the list as it was saved."""
        return reverse(self.page) + (f"?{self.query}" if self.query else "")
