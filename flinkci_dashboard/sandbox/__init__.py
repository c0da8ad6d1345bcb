"""A small, strict GitHub, Azure DevOps and Jira on loopback, with real git repositories.

The demo and the tests share it. It refuses what the real services refuse, because everything is proven against it.

    with Sandbox(folder) as world:
        world.environ()                          # contract.md's variables, pointing here
        world.commit("master"); world.force_push("release-2.1"); world.cut_release("2.3"); world.release("2.2.0")
        world.tag(…); world.create_branch(…); world.delete_branch(…); world.protect(repo, branch); world.mirror_all()
        world.heads(repo)                        # branch → SHA
        number = world.pulls.open("[FLINK-1] Title"); world.pulls.push(number); world.pulls.close(number, merge=True)
        world.pulls.comment(number, "@flinkbot run azure"); world.pulls.reports(number); world.pulls.many(1000, 30000)
        world.jira.create("FLINK-1", ["Runtime / REST"]); world.jira.edit("FLINK-1", components=[…])
        world.jira.move("FLINK-1", "FLINK-9"); world.jira.delete("FLINK-9"); world.jira.many(20_000)
        world.clock.advance(minutes=15)          # the world's time
        mark = world.log_mark(); world.since(mark, "git")     # the request log
        world.fault(service="git", path="flink-mirror", status=503, times=2); world.clear_faults()
"""

# The routes that these declare are what they are for.
from flinkci_dashboard.sandbox import azure_secrets_api, github_checks_api, github_labels_api  # noqa: F401
from flinkci_dashboard.sandbox.http import Fault, Request
from flinkci_dashboard.sandbox.world import MIRROR, PULLS, SOURCE, Sandbox

__all__ = ["MIRROR", "PULLS", "SOURCE", "Fault", "Request", "Sandbox"]
