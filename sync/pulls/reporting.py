"""What the bot writes: a pull request's state → report, reactions and replies. PURE"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from sync.pulls.actions.values import answer
from sync.pulls.acts import (
    DeleteReport,
    React,
    Reply,
    Word,
    WriteReport,
)
from sync.pulls.report import (
    DELETED,
    MANUAL,
    NO_HASH,
    NO_URL,
    PUSH,
    UNKNOWN,
    Entry,
    Foreign,
    Report,
    Section,
    merge,
    parse,
    render,
    same_text,
)
from sync.pulls.values import (
    FINAL,
    Build,
    BuildStatus,
    Command,
    CommandState,
    PullState,
    Reaction,
    blocked,
    build_refused,
    held,
    queue_order,
    refused,
    retained,
)

ANSWERED = timedelta(days=7)  # nobody waits for an answer to an older command


REACTIONS = {
    CommandState.WAITING: Reaction.SEEN,
    CommandState.RUNNING: Reaction.SEEN,
    CommandState.SUPERSEDED: Reaction.SEEN,
    CommandState.RERUN: Reaction.DONE,
    CommandState.UNKNOWN: Reaction.CONFUSED,
    CommandState.REFUSED: Reaction.CONFUSED,
    CommandState.GRANTED: Reaction.DONE,
    CommandState.DENIED: Reaction.DENIED,
    CommandState.UNBOUND: Reaction.CONFUSED,
    CommandState.NEEDLESS: Reaction.SEEN,
    CommandState.ANSWERED: Reaction.SEEN,
}


REPLY = (
    "I know `@flinkbot run azure`, which re-runs the last Azure build, and `@flinkbot run gha`, which re-runs failed "
    "jobs of GitHub Actions, or says where that is done. Committers also have `@flinkbot approve`, which lets a commit "
    "run that waits for approval, and `@flinkbot trust`, which lets all of its author's run from now on."
)
WHICH_COMMIT = (
    "It is not sure which commit this means: a new one came at about the same time, or the comment was edited. Please "
    "look at the head and write a new comment, or name the commit: `@flinkbot approve {head}`."
)


MAX_WORDS = 300  # characters of a service's own words
BLOCKED_NOTE = (
    "**Blocked:** this pull request changes files in `.github/workflows/`, and the bot's token may not push such "
    "changes, so there is no build. A committer can ask the operators of the bot for a token with the `workflow` scope."
)
HELD_NOTE = (
    "**Waits for approval:** this commit does not run yet. A committer who has looked at it lets it run with the "
    "comment `@flinkbot approve`, or with `@flinkbot trust` all of its author's."
)


def words(state: PullState, now: datetime, served: set[int]) -> Iterator[Word]:
    if not state.conversation_known:
        return
    yield from _reports(state)
    for command in state.commands:
        if command.id not in served:
            yield from _answers(state, command, now)


def _answers(state: PullState, command: Command, now: datetime) -> Iterator[Word]:
    wanted = REACTIONS.get(command.state)
    if wanted is None or now - command.at > ANSWERED or (command.state is CommandState.WAITING and not command.known):
        return
    if wanted != command.reaction:
        yield React(state.number, command.id, wanted, f"The command is {command.state}.")
    if command.state is CommandState.UNKNOWN and not command.replied:
        yield Reply(state.number, command.id, _reply(command, REPLY), "The command is not understood.")
    if command.state is CommandState.UNBOUND and not command.replied:
        text = _reply(command, WHICH_COMMIT.format(head=state.head))
        yield Reply(state.number, command.id, text, "It is not clear for which commit.")
    if command.state is CommandState.ANSWERED and not command.replied:
        text = _reply(command, answer(command.url))
        yield Reply(state.number, command.id, text, "Somebody else may run these jobs again.")


def _reply(command: Command, text: str) -> str:
    """Return an answer with a mark by which it is found again."""
    return f"{reply_mark(command.id)}\n{text}"


def reply_mark(comment_id: int) -> str:
    """Return what tells the answer to a comment from other comments."""
    return f"<!-- answer to {comment_id} -->"


def _reports(state: PullState) -> Iterator[Word]:
    first = state.reports[0] if state.reports else None
    if first is None and not state.open:
        return
    report = next_report(_current_report(state), state)
    text = render(report)
    recorded = tuple(command.id for command in state.commands if _reported(command) and not command.recorded)
    if first is None:
        yield WriteReport(state.number, None, text, recorded, "There is no report yet.")
    elif not same_text(first.body, text):
        yield WriteReport(state.number, first.id, text, recorded, "The report is out of date.")
    for second in state.reports[1:]:
        yield DeleteReport(state.number, second.id, "The first report holds what it held.")


def _current_report(state: PullState) -> Report:
    """Return what the report says now, others of the bot and deleted ones folded in; a broken one says nothing."""
    texts = [*(report.body for report in state.reports), *state.former_reports]
    reports = [parsed.report for parsed in map(parse, texts) if parsed.report]
    current = reports[0] if reports else Report()
    for other in reports[1:]:
        current = merge(current, other)
    return current


def next_report(report: Report, state: PullState) -> Report:
    """Bring a report up to date. What is not understood stays as it is."""
    fresh = not state.reports and not state.former_reports
    entries = _forget_unseen(list(report.entries), state)
    entries = [_updated(entry, state) if isinstance(entry, Entry) else entry for entry in entries]
    entries = _with_builds(entries, state)
    entries = _with_commands(entries, state, fresh or not report.entries)
    if state.open:
        keep = retained(state)
        entries = [_hidden(entry, keep) if isinstance(entry, Entry) else entry for entry in entries]
    sections = tuple(Section(*each) for each in state.sections) if state.open else report.sections
    return replace(report, entries=tuple(entries), note=_note(state), sections=sections)


def is_current(state: PullState) -> bool:
    """Tell whether the report that stands, whoever wrote it, says what ours would."""
    if len(state.reports) != 1:
        return False
    theirs, ours = parse(state.reports[0].body).report, next_report(_current_report(state), state)
    return theirs is not None and replace(theirs, sections=()) == parse(render(replace(ours, sections=()))).report


def _note(state: PullState) -> str:
    """Say below the lines why there is no build, and who can do something about it."""
    if state.hold and held(state):
        return f"{HELD_NOTE} Why: {_cited(state.hold.reason)}"
    if blocked(state):
        return BLOCKED_NOTE
    if state.refusal and refused(state):
        return (
            f"**Not pushed:** GitHub refuses this commit, so there is no build. It says: {_cited(state.refusal.words)}"
        )
    if build_refused(state):
        return f"**No build:** the CI service refuses this commit: {_cited(state.build_problem)}"
    return ""


def _cited(words: str) -> str:
    """Cite a service as code, on one line: nobody is mentioned, and nothing is formatted."""
    return f"`{' '.join(words.replace('`', chr(39)).split())[:MAX_WORDS]}`"


def _forget_unseen(entries: list[Entry | Foreign], state: PullState) -> list[Entry | Foreign]:
    """Drop what waits for a first build that will not come, as ci-bot does when a commit is gone; and what hides the
    head, which may be a commit that was the head before.
    """
    present = {branch.sha for branch in state.branches} | {state.head} | {build.sha for build in state.builds}
    return [entry for entry in entries if not (isinstance(entry, Entry) and _unseen(entry, state, present))]


def _unseen(entry: Entry, state: PullState, present: set[str]) -> bool:
    if entry.trigger_type != PUSH:
        return False
    waits = entry.status == UNKNOWN and entry.url == NO_URL
    hides = entry.status == DELETED and entry.hash == state.head and not _build_of(entry, state)
    return state.open and ((waits and entry.hash not in present) or hides)


def _updated(entry: Entry, state: PullState) -> Entry:
    build = _build_of(entry, state)
    if entry.status == DELETED:
        back = state.open and entry.hash in retained(state)
        if back and entry.trigger_type == MANUAL and not build:
            return replace(entry, hash=NO_HASH)
        return replace(entry, status=_status(build)) if back and build else entry
    if build:
        return replace(entry, status=_status(build))
    older = entry.hash != state.head or not state.open
    return replace(entry, status="CANCELED") if older and entry.status == "PENDING" else entry


def _with_builds(entries: list[Entry | Foreign], state: PullState) -> list[Entry | Foreign]:
    """Add the builds that no entry names yet: of the head, and of commits that the report knows. The first one takes
    the place of the entry that waited for it.
    """
    shown = {entry.hash for entry in _known(entries) if entry.status != DELETED} | {state.head}
    for build in sorted(state.builds, key=queue_order):
        if build.sha not in shown or any(_names(entry, build) for entry in _known(entries)):
            continue
        entries = [entry for entry in entries if not _waits(entry, build.sha)]
        entries.append(Entry(build.sha, _status(build), build.url, build.sha, PUSH))
    if state.open and state.head not in {entry.hash for entry in _known(entries)}:
        entries.append(Entry(state.head, UNKNOWN, NO_URL, state.head, PUSH))
    return entries


def _known(entries: list[Entry | Foreign]) -> list[Entry]:
    return [entry for entry in entries if isinstance(entry, Entry)]


def _with_commands(entries: list[Entry | Foreign], state: PullState, all_of_them: bool) -> list[Entry | Foreign]:
    """Add settled commands. Those that a report has held once are not added again: they may have given way."""
    held = {entry.trigger_id for entry in _known(entries) if entry.trigger_type == MANUAL}
    by_url = {build.url: build for build in state.builds}
    for command in state.commands:
        if not _reported(command) or str(command.id) in held or (command.recorded and not all_of_them):
            continue
        build = by_url.get(command.url) if command.state is CommandState.RERUN else None
        if build:
            entries.append(Entry(build.sha, _status(build), build.url, str(command.id), MANUAL))
        else:
            # Before the builds: ci-bot takes the commit of the last finished entry for the newest.
            entries.insert(0, Entry(NO_HASH, DELETED, NO_URL, str(command.id), MANUAL))
    return entries


def _hidden(entry: Entry, keep: set[str]) -> Entry:
    return replace(entry, status=DELETED) if entry.status in FINAL and entry.hash not in keep else entry


def _reported(command: Command) -> bool:
    """Tell whether a report holds it. One that nobody understood may be edited, and is looked at again then; what is
    granted is no build's, and ci-bot knows no runs of GitHub Actions.
    """
    return not command.grants and not command.gha and command.state not in (CommandState.WAITING, CommandState.UNKNOWN)


def _build_of(entry: Entry, state: PullState) -> Build | None:
    return next((build for build in state.builds if _names(entry, build)), None)


def _names(entry: Entry, build: Build) -> bool:
    return entry.url == build.url or entry.build_id == build.id


def _waits(entry: Entry | Foreign, sha: str) -> bool:
    if not isinstance(entry, Entry):
        return False
    return (entry.hash, entry.trigger_type, entry.url) == (sha, PUSH, NO_URL)


def _status(build: Build) -> str:
    return BuildStatus.CANCELED if build.gone and not build.finished else build.status
