"""What the overview says of credentials: no names, for everybody who is signed in sees it."""

from datetime import datetime

from django.urls import reverse

from flinkci_dashboard.credentials.figures import CredentialLine, credential_lines
from flinkci_dashboard.models import Area, Exposure
from flinkci_dashboard.web.tiles import Part, Tile

SHOWN = 4


def tiles(now: datetime) -> list[Tile]:
    """Return the credentials' tile."""
    every = credential_lines(now)
    pressing = [line for line in every if line.pressing]
    exposed = Exposure.objects.filter(state=Exposure.State.EXPOSED)
    url = reverse("credentials")
    lines = [Part(f"Exposed: {exposure.title} no longer holds", url) for exposure in exposed]
    lines += [Part(f"{_what(line)}: {_trouble(line)}", f"{url}#credential-{line.credential.pk}") for line in pressing]
    seen = max((at for line in every if (at := line.credential.probed_at)), default=None)
    state, label = ("ok", "fine") if seen else ("none", "not probed")
    tally = f"{len(pressing)} to look at" if pressing else ""
    words = "keys fail, end soon or need a look" if len(pressing) != 1 else "key fails, ends soon or needs a look"
    figure, may_see, job = str(len(pressing)), "flinkci_dashboard.view_credential", "probe_credentials"
    facts = ("partial" if pressing else state, tally or label, seen, lines[:SHOWN], may_see, job)
    return [Tile("Credentials", url, figure, words, Area.CREDENTIALS, *facts, tally=tally, place=80)]


def _what(line: CredentialLine) -> str:
    return line.credential.get_serves_display() or line.credential.get_kind_display()


def _trouble(line: CredentialLine) -> str:
    if line.credential.problem:
        return line.credential.problem
    if line.urgency:
        return line.left
    return line.credential.scope_problem or "may end on 2026-12-01, with all global tokens"
