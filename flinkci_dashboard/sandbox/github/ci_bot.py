"""CI reports as the old ci-bot left them in pull requests."""

import json

from flinkci_dashboard.sandbox.azure.state import COMPLETED, Build

STATUS = {"succeeded": "SUCCESS", "canceled": "CANCELED"}
HELP = """<details>
<summary>Bot commands</summary>
  The @flinkbot bot supports the following commands:

 - `@flinkbot run azure` re-run the last Azure build
</details>"""


def report(found: list[tuple[str, Build]], project: str) -> str:
    """Return the comment about some commits' builds; `project` is the address that their pages stand below."""
    entries = [_entry(sha, build, f"{project}/_build/results?buildId={build.id}") for sha, build in found]
    meta = ", ".join(
        "{\n" + ",\n".join(f"    {_json(k)} : {_json(v)}" for k, v in e.items()) + "\n  }" for e in entries
    )
    lines = "".join(f"* {e['hash']} Azure: [{e['status']}]({e['url']}) \n" for e in entries)
    data = f'{{\n  "version" : 1,\n  "metaDataEntries" : [ {meta}{" " if meta else ""}]\n}}'
    return f"<!--\nMeta data\n{data}-->\n## CI report:\n\n{lines}\n{HELP}"


def _entry(sha: str, build: Build, url: str) -> dict[str, str]:
    status = STATUS.get(build.result or "", "FAILURE") if build.status == COMPLETED else "PENDING"
    return {"hash": sha, "status": status, "url": url, "triggerID": sha, "triggerType": "PUSH"}


def _json(value: str) -> str:
    return json.dumps(value)
