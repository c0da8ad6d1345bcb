"""What admins switch on: things that the bot does only where somebody wants it."""

from django.db import models


class Switch(models.Model):
    """Something that is off until an admin switches it on. `bootstrap` makes the rows, from what each app names."""

    name = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=100)
    on = models.BooleanField(default=False)
    explanation = models.TextField(blank=True)

    class Meta:
        ordering = ["title"]
        verbose_name_plural = "switches"

    def __str__(self) -> str:
        return self.title

    @classmethod
    def is_on(cls, name: str) -> bool:
        """Tell whether somebody has switched it on."""
        return cls.objects.filter(name=name, on=True).exists()

    @classmethod
    def offer(cls, name: str, title: str, explanation: str) -> None:
        """Make a switch where it is missing, off; what it says of itself is what the code says now."""
        words = {"title": title, "explanation": explanation}
        cls.objects.update_or_create(name=name, defaults=words, create_defaults={"name": name, **words})
