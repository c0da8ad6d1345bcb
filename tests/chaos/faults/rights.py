"""What the bot may do, and what it may not any more: tokens that expire, are renewed, lose scopes and gain them."""

import os
from collections.abc import Callable

from flinkci_dashboard.sandbox import PULLS
from tests.chaos.machine import Machine
from tests.chaos.town import SCOPES, Town

TOKENS = ("github", "azure", "jira")


def restore(town: Town) -> None:
    """Let every token be good, and have all its scopes."""
    world = town.world
    for name in TOKENS:
        setattr(world, f"{name}_token", os.environ[f"{name.upper()}_TOKEN"])
    world.scopes = SCOPES
    world.azure.scopes = {"build", "test", "pools"}


def _refused_token(town: Town, machine: Machine) -> None:
    headers = {"WWW-Authenticate": 'Basic realm="GitHub"'}
    town.world.fault(service="git", path="service=git-receive-pack", status=401, headers=headers)


def _expired_token(town: Town, machine: Machine) -> None:
    """A token is good for nothing from some request on, until it is renewed."""
    name = town.dice.choice(TOKENS)
    town.world.azure.sign_in = town.dice.choice((203, 302, 401))

    def expire() -> None:
        setattr(town.world, f"{name}_token", "expired")

    town.world.fault(service=name, skip=town.dice.randrange(8), before=expire)


def _renewed_token(town: Town, machine: Machine) -> None:
    """Another value takes the place of one that is still good."""
    name = town.dice.choice(TOKENS)
    new = f"{town.dice.getrandbits(160):040x}"
    os.environ[f"{name.upper()}_TOKEN"] = new
    setattr(town.world, f"{name}_token", new)


def _lost_scope(town: Town, machine: Machine) -> None:
    town.world.scopes = town.dice.choice((frozenset({"repo"}), frozenset({"workflow"}), frozenset()))


def _scope_edited_meanwhile(town: Town, machine: Machine) -> None:
    """In the middle of a pass a token gains what it lacked, or loses what it had."""
    scopes = town.dice.choice((SCOPES, frozenset({"repo"}), frozenset()))

    def edit() -> None:
        town.world.scopes = scopes

    if scopes == SCOPES:
        town.world.scopes = frozenset({"repo"})
    town.world.fault(service=town.dice.choice(("github", "git")), skip=town.dice.randrange(8), before=edit)


def _lost_azure_scope(town: Town, machine: Machine) -> None:
    town.world.azure.scopes = town.world.azure.scopes - {town.dice.choice(("test", "pools"))}


def _blocked_by_author(town: Town, machine: Machine) -> None:
    town.world.pulls.blocking = {town.dice.choice(("ada", "li"))}


def _declined_push(town: Town, machine: Machine) -> None:
    """One pull request brings a file that GitHub does not take, until the rule is lifted."""
    town.world.rules(PULLS).decline("secret.txt", town.dice.choice(("GH013", "GH001")))
    town.push(town.dice.choice(town.open_numbers()), {"secret.txt": str(town.dice.random())})


FAILURES: tuple[Callable[[Town, Machine], None], ...] = (
    _refused_token,
    _expired_token,
    _renewed_token,
    _lost_scope,
    _scope_edited_meanwhile,
    _lost_azure_scope,
    _blocked_by_author,
    _declined_push,
)
