"""What the CI service has of ours: pipelines, and variables by name. No value is ever read."""

from django.db import models


class Pipeline(models.Model):
    """A pipeline's definition, as last seen."""

    external_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=255)
    repository = models.CharField(max_length=140, blank=True)  # owner/name
    sees_secrets = models.BooleanField(default=False)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)  # when the service was first seen not to list it any more

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PipelineVariable(models.Model):
    """A variable of a pipeline or of a group, by name."""

    place = models.CharField(max_length=255)  # the pipeline's or the group's name
    in_group = models.BooleanField(default=False)
    name = models.CharField(max_length=255)
    secret = models.BooleanField(default=False)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["place", "name"]
        constraints = [models.UniqueConstraint(fields=["place", "in_group", "name"], name="unique_pipeline_variable")]

    def __str__(self) -> str:
        return f"{self.place}: {self.name}"
