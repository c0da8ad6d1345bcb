"""Who a token speaks for on the sandbox's GitHub, and what it may do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """The account of a token, as of now."""

    login: str
    scopes: frozenset[str]
    writable: frozenset[str]  # full names of repositories
    triages: frozenset[str] = frozenset()  # those whose issues it may label
    creates_labels: bool = True  # whether it may make new ones there, which takes more than triage
    token_expiry: str = ""  # as GitHub's header has it: "2027-01-31 12:00:00 UTC"
