"""What the states of builds and agents mean, for the help."""

from agents.failures.rules import CAUSES, Cause
from agents.models import Agent
from agents.models.builds import Result, Status
from flinkci_dashboard.help import Kind, State

STATUS_MEANINGS = {
    Status.QUEUED: ("It waits for an agent.", "If it lasts, the agents page says whether any is free in its pool."),
    Status.RUNNING: ("It runs.", ""),
    Status.CANCELLING: ("It was asked to stop and has not yet.", "If it lasts, cancel it in the CI service."),
    Status.FINISHED: ("It has ended; its result says how.", ""),
}
RESULT_MEANINGS = {
    Result.NONE: ("It has not ended, or the service did not say how.", ""),
    Result.SUCCEEDED: ("All of it succeeded.", ""),
    Result.PARTIAL: ("It succeeded, though a step that is allowed to fail did.", ""),
    Result.FAILED: ("Something in it failed.", "Its page names the jobs and tests."),
    Result.CANCELED: ("Somebody or a newer commit stopped it: it says nothing about the code.", ""),
    Result.SKIPPED: ("Its condition was not met, so that it did not run.", ""),
    Result.ABANDONED: ("Its agent was lost.", "Run it again; if it happens often, look at the machine's page."),
    Result.TIMED_OUT: ("It took longer than it may.", "Its page names the job that did not end."),
    Result.STARTUP_FAILURE: (
        "It ended before any job existed: nothing ran.",
        "Read on its service's page why: the workflow file, or an action that may not be used.",
    ),
    Result.ACTION_REQUIRED: ("It has not run: somebody has to approve it first.", "A committer approves it there."),
    Result.STALE: ("Its service gave it up, since nothing was heard of it for long.", "Run it again."),
}
CAUSE_MEANINGS = {
    Cause.TEST: ("Tests of it failed, or their process crashed.", "The build's page names them, and their history."),
    Cause.TIMEOUT: ("It hung, or took longer than it may.", "Its log ends with what the threads did."),
    Cause.COMPILE: ("The code, its dependencies or its documentation do not build.", "Correct it: no retry helps."),
    Cause.STYLE: ("A check of style, licences or packaging failed.", "Correct it: no retry helps."),
    Cause.DISK: ("The machine's disk was full.", "Run it again; look at the machine's page."),
    Cause.MEMORY: (
        "Memory ran out, or the system killed a process.",
        "Run it again; if it recurs, the test is too big.",
    ),
    Cause.NETWORK: ("A download or connection failed.", "Run it again."),
    Cause.DOCKER: ("An image could not be had, or a container not be run.", "Run it again."),
    Cause.AGENT: ("Its machine was lost, or none was found.", "Run it again; look at the agents."),
    Cause.CANCELLED: ("Somebody or a newer commit stopped it.", ""),
    Cause.UNKNOWN: ("No line of its log's end is one that we know.", "Read its log."),
}
AGENT_MEANINGS = {
    Agent.State.BUSY: ("It runs a job.", ""),
    Agent.State.IDLE: ("It waits for a job.", ""),
    Agent.State.OFFLINE: ("It does not answer the CI service.", "Ask whoever hosts the machine."),
    Agent.State.DISABLED: ("It is online, and somebody has disabled it.", "Enable it in the CI service's agent pool."),
    Agent.State.GONE: ("The CI service does not list it any more.", ""),
    Agent.State.SEEN: ("It is known from builds alone: our token may not list its pool.", ""),
}


def kinds() -> list[Kind]:
    """Return the states of builds and jobs, their results, and the states of agents."""
    return [
        Kind("Builds and jobs", [State(s, s.label, *STATUS_MEANINGS[s]) for s in Status]),
        Kind("Results", [State(r or "none", r.label, *RESULT_MEANINGS[r]) for r in Result if r in RESULT_MEANINGS]),
        Kind("Causes of failed jobs", [State(c, CAUSES[c], *CAUSE_MEANINGS[c]) for c in Cause]),
        Kind("Agents", [State(s, s.label, *AGENT_MEANINGS[s]) for s in Agent.State]),
    ]
