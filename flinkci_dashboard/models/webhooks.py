"""What services told us by webhooks: a record of deliveries, never of state."""

from django.db import models
from django.utils import timezone


class Service(models.TextChoices):
    """Who sends webhooks."""

    GITHUB = "github", "GitHub"
    PIPELINES = "azure", "Azure DevOps"

    @property
    def setting(self) -> str:
        """Return the setting that holds the secret which the service knows."""
        return "GITHUB_WEBHOOK_SECRET" if self is Service.GITHUB else "AZURE_WEBHOOK_LOGIN"


class Delivery(models.Model):
    """One delivery that was taken: it made jobs run sooner."""

    service = models.CharField(max_length=6, choices=Service)
    delivery_id = models.CharField(max_length=64)  # the same when it is sent again
    event = models.CharField(max_length=100)
    jobs = models.JSONField(default=list)  # names of those that it made run now
    received_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["service", "delivery_id"], name="unique_delivery")]

    def __str__(self) -> str:
        return f"{self.get_service_display()}: {self.event}"


class Refusals(models.Model):
    """How many deliveries of a service had a wrong signature or password."""

    service = models.CharField(max_length=6, choices=Service, unique=True)
    number = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "webhook refusals"

    def __str__(self) -> str:
        return f"{self.get_service_display()}: {self.number}"
