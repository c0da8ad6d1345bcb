"""The accounts behind the logins of a repository's pull requests and comments, and how they stand to it."""

import zlib

BOTS = ("flinkbot",)  # a collaborator, through the repository's .asf.yaml


class Accounts:
    """Each login's account: a number that stays when it is renamed, and its association with the repository."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._associations: dict[int, str] = {self.id_of(bot): "COLLABORATOR" for bot in BOTS}

    def id_of(self, login: str) -> int:
        """Return an account's number."""
        return self._ids.setdefault(login, 1000 + zlib.crc32(login.encode()))

    def association(self, login: str | None) -> str:
        """Return how an account stands to the repository; contributors unless told otherwise, as most are."""
        return self._associations.get(self.id_of(login), "CONTRIBUTOR") if login else "NONE"

    def associate(self, association: str, *logins: str) -> None:
        """Say how accounts stand to the repository: MEMBER, COLLABORATOR, FIRST_TIME_CONTRIBUTOR, NONE …"""
        self._associations |= {self.id_of(login): association for login in logins}

    def rename(self, login: str, to: str) -> None:
        """Give an account another login; the former one is free for somebody else."""
        self._ids[to] = self.id_of(login)
        self._ids[login] = zlib.crc32(f"{login} again {len(self._ids)}".encode())
