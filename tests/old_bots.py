"""The three bots that ran before, as far as one can see them from outside: what they push, write and label."""

import json
import subprocess

from flinkci_dashboard.sandbox import MIRROR, PULLS, Sandbox
from flinkci_dashboard.sandbox.azure.state import Build
from tests.pulls import ci_branches, name_of

BOT = "flinkbot"
STATUS = {"succeeded": "SUCCESS", "failed": "FAILURE", "canceled": "CANCELED", None: "PENDING"}
BODY = """<!--
Meta data
{meta}-->
## CI report:

* {sha} {service}: [{status}]({url}){blank}

<details>
<summary>Bot commands</summary>
  The @flinkbot bot supports the following commands:

 - `@flinkbot run azure` re-run the last Azure build
</details>"""


class OldBots:
    """git-repo-sync, ci-bot and pr-labeler, a turn of each at a time."""

    def __init__(self, world: Sandbox) -> None:
        self.world = world

    def turn(self) -> None:
        """Let each of them do what is to be done."""
        self.mirror()
        self.branches()
        self.reports()
        self.label()

    def mirror(self) -> None:
        """Push master and the release branches."""
        heads = {name: sha for name, sha in self.world.heads().items() if name == "master" or name[8:9].isdigit()}
        have = self.world.heads(MIRROR)
        self._push(MIRROR, [f"{sha}:refs/heads/{name}" for name, sha in heads.items() if have.get(name) != sha])

    def branches(self) -> None:
        """Push the heads of open pull requests, and delete the branches of former ones."""
        want = {name_of(self.world, each.number): each.head for each in self._open()}
        have = ci_branches(self.world)
        new = [f"{sha}:refs/heads/{name}" for name, sha in want.items() if name not in have]
        self._push(PULLS, new + [f":refs/heads/{name}" for name in sorted(have - want.keys())])

    def reports(self) -> None:
        """Write each pull request's report."""
        for pull in self._open():
            builds = self.world.azure.of(name_of(self.world, pull.number))
            if not builds:
                continue
            body = self._body(pull.head, builds[-1])
            ours = [each for each in self.world.pulls.reports(pull.number) if "## CI report" in each.body]
            if not ours:
                self.world.pulls.comment(pull.number, body, login=BOT)
            elif ours[0].body != body:
                self.world.pulls.edit_comment(ours[0].id, body)

    def label(self) -> None:
        """Give pull requests their tickets' components."""
        for pull in self._open():
            ticket = self.world.jira.find(pull.title[1:].partition("]")[0])
            for each in ticket.components if ticket else ():
                self.world.pulls.add_labels(pull.number, [f"component={each.replace(' ', '')}"])

    def _open(self) -> list:
        return [each for each in list(self.world.pulls.by_number.values()) if each.state == "open"]

    def _body(self, sha: str, build: Build) -> str:
        url = f"{self.world.azure_url}/apache-flink/_build/results?buildId={build.id}"
        status = STATUS[build.result]
        entry = {"hash": sha, "status": status, "url": url, "triggerID": sha, "triggerType": "PUSH"}
        lines = ",\n".join(f"    {json.dumps(name)} : {json.dumps(value)}" for name, value in entry.items())
        meta = f'{{\n  "version" : 1,\n  "metaDataEntries" : [ {{\n{lines}\n  }} ]\n}}'
        return BODY.format(meta=meta, sha=sha, service="Azure", status=status, url=url, blank=" ")

    def _push(self, repo: str, refspecs: list[str]) -> None:
        if refspecs:
            address = self.world.github_git_url.replace("://", f"://{BOT}:{self.world.github_token}@")
            folder = self.world.repositories.path("apache/flink")
            command = ["git", "--git-dir", str(folder), "push", "--quiet", f"{address}/{repo}.git", *refspecs]
            subprocess.run(command, check=True, capture_output=True)
