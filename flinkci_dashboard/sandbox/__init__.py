"""A small, strict GitHub, Azure DevOps and Jira on loopback, with real git repositories.

The demo and the tests share it. It refuses what the real services refuse, because everything is proven against it:
an unknown route, parameter or field, a wrong token, a missing right or scope, a limit that is spent.

    with Sandbox(folder) as world:      # or python -m flinkci_dashboard.sandbox --root DIR [--port N] [--life]
        world.environ()                 # contract.md's variables, pointing here; also .github_api_url, .azure_url, …
        seed.seed(world); history.write_history(world, dice); life.happen(world, dice)    # the demo's world

Git. `repo` is SOURCE (apache/flink) unless told otherwise; MIRROR and PULLS are flink-ci's two.

        world.commit("master", "subject", files={…}, count=1, repo=…); world.force_push("master", back=1)
        world.cut_release("2.3"); world.release("2.2.0"); world.tag(name, branch); world.create_branch(name)
        world.delete_branch(name); world.protect(repo, branch); world.unprotect(repo); world.mirror_all(repo)
        world.rules(repo).decline("a/key.txt", "GH013")    # the whole push is declined; "GH001": too large
        world.rules(repo).forbid_deletion(branch); world.rules(repo).lift(); world.rename(repo, "new/name")
        world.heads(repo)                        # branch → SHA
        with world.repositories.batch(repo) as batch: batch.commit(ref, …); batch.set(ref, target)    # many at once

GitHub. What the token may do: `world.scopes` (no "workflow": workflow files are refused), `.writable`, `.triages`,
`.creates_labels`, `.token_expiry`; `world.github.limit` an hour, `.used`, `.reset_at`; `.writes_per_minute` and
`.writes_per_hour` (0: any), past which writing alone is refused.

        number = world.pulls.open("[FLINK-1] Title", login=…, base=…, files={…}, draft=…); world.pulls.push(number)
        world.pulls.edit(number, title=…, draft=…); world.pulls.close(number); .merge(number); .reopen(number)
        id = world.pulls.comment(number, "@flinkbot run azure", login=None); .edit_comment(id, …); .delete_comment(id)
        world.pulls.review_comment(number, …); .react(id, login, "eyes"); .add_labels(number, […]); .remove_label(…)
        world.pulls.refs_lag = True              # refs/pull/N/head stays behind what is pushed, until …
        world.pulls.refs_catch_up(); .lose_ref(number); .set_head(number, former_sha)
        world.pulls.hide(number, listed=True); .show(number); .blocking = {login}    # banned; who has blocked the bot
        world.pulls.comments_at_once(number, bodies)       # all in one second
        world.github.last_page = 3               # deeper pages are 422, and links have cursors
        then = world.github.remembered(); world.github.lag(then, path="/pulls", times=2); .catch_up()
        world.pulls.reports(number); .conversation(number); .by_number[number]; .many(opened=1000, closed=30000)

Azure. A push starts a build; builds move with `world.clock`.

        world.clock.advance(minutes=15); world.azure.move()
        build = world.azure.queue(MIRROR, "master", sha, "schedule"); world.azure.of(branch); .builds[id]
        world.azure.finish(id, "failed", ["test_ci.core"]); .cancel(id); .retry(id); .expire(id)
        world.azure.agent("AlibabaCI001-agent01").full_disk = True    # also .failing (0 to 1), .enabled
        world.azure.set_online(name, False)      # its job is given up ten minutes later
        world.azure.broken = {("master", "test_ci.table")}; .start_builds; .trigger_delay; .cancel_delay; .pace; .flaky
        world.azure.sign_in = 203                # how a bad token is answered: 203, 302 or 401
        world.azure.scopes -= {"test"}           # 403 on test runs alone; also "pools", "build"
        world.azure.publish(id, "e2e_1_ci", ["a.b.Test.x"], message); .warn(id, "compile_ci", text); .passing_runs = 3
        world.azure.finish(id, "partiallySucceeded", license_check="succeededWithIssues"); .finish(id, "none")
        world.azure.retry_takes_no_body = True   # `retry=true` with a body is refused; a refused, odd or lost answer,
                                                 # or a person who was quicker: a fault on "retry=true", see below
        world.azure.cancel_sticks = "stages"     # a build stays cancelling until they are canceled; "ever"
        world.azure.invalid[sha] = "/azure-pipelines.yml (Line: 1, Col: 2): …"    # queueing is refused; or by branch
        world.azure.hidden = {id}; .lists_nothing = True    # what lists leave out; 200 with nothing in every list
        then = world.azure.remembered(); world.azure.lag(then, path="builds", times=2); .catch_up()    # older answers

GitHub Actions. Nothing but the clock moves runs; `repo` may be a fork of somebody who has opened a pull request.

        run = world.actions.start(repo, "ci.yml", branch, sha, event="push", head_repo=…, conclusion="startup_failure")
        world.actions.nightly(SOURCE, "master", sha); .finish(run.id, "failure", {"Java 11 / Compile": ("a.b.Test.x",)})
        world.actions.cancel(run.id); .rerun(run.id); .workflow(repo, "ci.yml").state = "disabled_manually"
        world.actions.broken = {("master", "Default (Java 17) / Compile")}; .flaky; .pace; .unknown = {"ada/flink"}
        run.jobs[0].enqueued_as_started = True   # a waiting job that carries a start
        world.actions.others["apache/flink-web"] = False    # a repository without git here; True: it is archived
        world.github.store.padding = 10**6       # bytes before a log's own lines

Jira.

        world.jira.create("FLINK-1", ["Runtime / REST"], summary=…); world.jira.edit("FLINK-1", components=[…])
        world.jira.move("FLINK-1", "FLINK-9"); world.jira.delete("FLINK-9"); world.jira.many(20_000)
        world.jira.utc_offset = 5.5; .page_limit; .search_finds_moved; .login_fails

What was asked, and what goes wrong (`Request`, `Fault`; services are git, github, azure, jira).

        mark = world.log_mark(); world.since(mark, "git")   # each: method, path, query, status, charged, repo, …
        world.fault(service="git", path="flink-mirror", method="POST", times=2, status=503, body=…, headers={…})
        world.fault(delay=2.0); .fault(reset=True); .fault(truncate=40); .fault(hang=True, times=None); skip=3
        world.fault(rate_limit="primary"); .fault(rate_limit="secondary", retry_after=30); world.clear_faults()
        world.fault(path="retry=true", acted=True, reset=True)           # it is done, and the answer is lost
        world.fault(path="retry=true", acted=True, status=200, body="null")    # … or odd
        world.fault(service="git", path="service=git-receive-pack", status=401,
                    headers={"WWW-Authenticate": 'Basic realm="GitHub"'})    # as if the token were wrong, once
        world.fault(service="github", path=r"/pulls/7\\?", status=404)       # a live pull request, once
        world.fault(path="comments", before=lambda: …, after=lambda: …)  # meanwhile: pages shift, people act
"""

from flinkci_dashboard.sandbox.calls import Request
from flinkci_dashboard.sandbox.faults import Fault
from flinkci_dashboard.sandbox.world import MIRROR, PULLS, SOURCE, Sandbox

__all__ = ["MIRROR", "PULLS", "SOURCE", "Fault", "Request", "Sandbox"]
