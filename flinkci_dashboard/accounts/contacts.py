"""The contacts that an installation starts from, and whom of them to ask."""

from flinkci_dashboard.models import Area, Contact

# The people of the wiki page, in its order: name, roles, organization, areas, what they do.
CONTACTS = (
    ("Robert Metzger", "PMC chair", "", (Area.CREDENTIALS,), ""),
    (
        "Chesnay Schepler",
        "PMC, CI maintainer",
        "",
        (Area.MIRRORS, Area.PULLS, Area.LABELS, Area.BUILDS, Area.CREDENTIALS),
        "One of the main maintainers of the CI infrastructure.",
    ),
    (
        "Matthias Pohl",
        "PMC, CI maintainer",
        "",
        (Area.MIRRORS, Area.PULLS, Area.LABELS, Area.BUILDS, Area.CREDENTIALS),
        "One of the maintainers of the CI infrastructure.",
    ),
    (
        "Jing Ge",
        "Ververica contact",
        "Ververica",
        (Area.BUILDS, Area.HOSTING),
        "Contact for what Ververica gives: the Azure account and the machine that the bots run on.",
    ),
    (
        "Yang Wang",
        "PMC, Alibaba contact",
        "Alibaba",
        (Area.AGENTS,),
        "Has access to the dedicated agents.",
    ),
)


FALLBACK = "dev@flink.apache.org"  # the community's list: where to write when nobody can be reached


def create_contacts() -> None:
    """Fill in the contacts of the wiki page, unless there is any contact already."""
    if not Contact.objects.exists():
        for name, roles, organization, areas, about in CONTACTS:
            Contact.objects.create(name=name, roles=roles, organization=organization, areas=list(areas), about=about)


def whom_to_ask(area: str) -> list[Contact]:
    """Return the active contacts who can help with an area."""
    return [contact for contact in Contact.objects.filter(active=True) if area in contact.areas]
