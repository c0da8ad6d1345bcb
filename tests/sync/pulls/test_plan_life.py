"""Whatever happens to a pull request, plans settle, and what they leave is right: a small world of GitHub and Azure."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sync.pulls.acts import (
    AnswerCommands,
    CancelBuild,
    DeleteBranch,
    DeleteReport,
    Deny,
    Grant,
    PushBranch,
    QueueBuild,
    React,
    Reply,
    RetryBuild,
    SettleCommands,
    WriteReport,
)
from sync.pulls.plan import changes_at, plan
from sync.pulls.report import Report, parse, render
from sync.pulls.trust.rules import Hold
from sync.pulls.values import Branch, Build, Command, CommandState, PullState, Refusal, ReportText, held
from tests.pull_states import (
    CANCELED,
    FAILURE,
    NOW,
    PENDING,
    SUCCESS,
    A,
    B,
    C,
    manual,
    url,
)

SEEN = st.booleans()


class World(RuleBasedStateMachine):
    """GitHub and Azure in memory: whatever happens, plans settle, and what they leave is right."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.state, self.ids = NOW, PullState(5, A, token="t1"), iter(range(1, 10**6))
        self.workflow_heads: set[str] = set()
        self.retries: dict[int, int] = {}
        self.cancels = 0
        self.gated, self.granted = False, set()  # the trust gate, and what somebody who may has let run

    def set(self, **facts) -> None:
        self.state = replace(self.state, **facts)

    def change_build(self, number: int, **facts) -> None:
        self.set(builds=tuple(replace(b, **facts) if b.id == number else b for b in self.state.builds))

    def new_build(self, sha: str) -> Build:
        made = Build(next(self.ids), sha, PENDING, "", queued_at=self.now)
        made = replace(made, url=url(made.id))
        self.set(builds=(*self.state.builds, made))
        return made

    def passes(self, seen: bool) -> None:
        """Let passes look at once, or only when more has happened."""
        if seen:
            self.settle(True)

    # What others do

    @rule(head=st.sampled_from([A, B, C]), seen=SEEN)
    def push(self, head, seen):
        self.set(head=head)
        self.passes(seen)

    @rule(is_open=st.booleans(), seen=SEEN)
    def close_or_reopen(self, is_open, seen):
        self.set(open=is_open)
        self.passes(seen)

    @rule(known=st.booleans(), seen=SEEN)
    def comment(self, known, seen):
        self.set(commands=(*self.state.commands, Command(next(self.ids), self.state.head, self.now, known)))
        self.passes(seen)

    @rule(may=st.booleans(), sure=st.booleans(), trusts=st.booleans())
    def approve(self, may, sure, trusts):
        head = self.state.head if sure else ""
        facts = {"approves": not trusts, "trusts": trusts, "may": may, "author": "grace"}
        self.set(commands=(*self.state.commands, Command(next(self.ids), head, self.now, **facts)))

    @rule()
    def ask_for_runs(self):
        self.set(commands=(*self.state.commands, Command(next(self.ids), self.state.head, self.now, gha=True)))

    @rule(gated=st.booleans(), seen=SEEN)
    def set_the_gate(self, gated, seen):
        self.gated = gated
        self.passes(seen)

    @precondition(lambda self: self.state.builds)
    @rule(data=st.data(), status=st.sampled_from([SUCCESS, FAILURE, CANCELED]))
    def finish(self, data, status):
        chosen = data.draw(st.sampled_from(self.state.builds))
        if chosen.pending:
            self.change_build(chosen.id, status=status, finished_at=self.now, cancelling=False, cancel_asked_at=None)

    @precondition(lambda self: self.state.builds)
    @rule(data=st.data())
    def expire(self, data):
        self.change_build(data.draw(st.sampled_from(self.state.builds)).id, gone=True)

    @precondition(lambda self: self.state.branches)
    @rule(data=st.data())
    def delete_branch(self, data):
        gone = data.draw(st.sampled_from(self.state.branches))
        self.set(branches=tuple(b for b in self.state.branches if b != gone))

    @precondition(lambda self: self.state.reports)
    @rule()
    def delete_report(self):
        former = (self.state.reports[-1].body, *self.state.former_reports)
        self.set(former_reports=former, reports=self.state.reports[:-1])

    @rule()
    def imitate_ci_bot(self):
        text = render(Report((manual(next(self.ids), A, "PENDING", next(self.ids)),)))
        self.set(reports=(*self.state.reports, ReportText(next(self.ids), text)))

    @rule(head=st.sampled_from([A, B, C]))
    def change_workflows(self, head):
        self.workflow_heads.add(head)

    @rule()
    def change_token(self):
        self.set(token=f"t{next(self.ids)}")

    @rule(minutes=st.sampled_from([1, 6, 20]))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    # What the bot does

    @rule(starts=st.booleans())
    def settle(self, starts):
        for _ in range(4):
            self.ask_the_gate()
            todo = plan(self.state, self.now)
            assert not held(self.state) or not any(isinstance(act, PushBranch) for act in todo.acts)
            for act in todo.acts:
                self.carry_out(act, starts)
            for word in plan(self.state, self.now).words:
                self.say(word)
        self.ask_the_gate()
        assert not plan(self.state, self.now)
        due = changes_at(self.state, self.now) or self.now + timedelta(days=99)
        assert not plan(self.state, due - timedelta(seconds=1))
        self.check()

    def ask_the_gate(self) -> None:
        waits = self.gated and not self.granted & {self.state.head, "everything"}
        self.set(gate_open=not self.gated, hold=Hold("A stranger wrote it.") if waits else None)

    def carry_out(self, act, starts: bool) -> None:
        match act:
            case PushBranch() if act.sha in self.workflow_heads:
                self.set(refusal=Refusal(act.sha, "no", True, self.state.token, self.now))
            case PushBranch():
                latest = max((b.id for b in self.state.builds if b.sha == act.sha), default=0)
                made = Branch(act.sha, self.now, self.now, latest)
                self.set(branches=(*self.state.branches, made))
                if starts:
                    self.new_build(act.sha)
            case DeleteBranch():
                self.set(branches=tuple(b for b in self.state.branches if b.sha != act.sha))
            case CancelBuild():
                self.cancels += 1
                self.change_build(act.build_id, cancel_asked_at=self.now, cancelling=act.again, superseded=True)
            case RetryBuild():
                assert self.can_be_retried(act.build_id)
                self.retries[act.build_id] = self.retries.get(act.build_id, 0) + 1
                again = {"status": PENDING, "finished_at": None, "cancel_asked_at": None, "superseded": False}
                self.change_build(act.build_id, **again)
                self.settle_commands(act.commands, CommandState.RERUN, url(act.build_id))
            case QueueBuild():
                made = self.new_build(act.sha)
                self.set(queued=self.state.queued | {act.sha})
                self.settle_commands(act.commands, CommandState.RERUN, made.url)
            case Grant() | Deny() | AnswerCommands():
                self.give_word(act)
            case SettleCommands():
                self.settle_commands(act.commands, act.state, act.url)

    def can_be_retried(self, number: int) -> bool:
        [build] = [each for each in self.state.builds if each.id == number]
        is_there = any(branch.sha == build.sha for branch in self.state.branches)
        return build.status in (FAILURE, CANCELED) and not build.gone and is_there and build.sha == self.state.head

    def give_word(self, act) -> None:
        match act:
            case Grant():
                assert any(c.id == act.comment_id and c.may for c in self.state.commands)
                self.granted.add(act.sha or "everything")
                self.settle_commands([act.comment_id], CommandState.GRANTED, "")
            case Deny():
                self.settle_commands([act.comment_id], CommandState.DENIED, "")
            case AnswerCommands():
                self.settle_commands(act.commands, CommandState.ANSWERED, act.url)

    def settle_commands(self, ids, state, address) -> None:
        change = {id: {"state": state, "url": address} for id in ids}
        self.set(commands=tuple(replace(c, **change.get(c.id, {})) for c in self.state.commands))

    def say(self, word) -> None:
        match word:
            case WriteReport():
                text = ReportText(word.comment_id or next(self.ids), word.body)
                others = [r for r in self.state.reports if r.id != word.comment_id]
                recorded = tuple(replace(c, recorded=c.recorded or c.id in word.recorded) for c in self.state.commands)
                self.set(reports=(text, *others), former_reports=(), commands=recorded)
            case DeleteReport():
                self.set(reports=tuple(r for r in self.state.reports if r.id != word.comment_id))
            case React():
                self.change_command(word.comment_id, reaction=word.reaction)
            case Reply():
                self.change_command(word.comment_id, replied=True)

    def change_command(self, number, **facts) -> None:
        self.set(commands=tuple(replace(c, **facts) if c.id == number else c for c in self.state.commands))

    def check(self) -> None:
        state = self.state
        if not state.open:
            assert not state.branches
            assert len(state.reports) <= 1
            return
        assert len(state.reports) == 1
        report = parse(state.reports[0].body).report
        told = {entry.trigger_id for entry in report.known if entry.trigger_type == "MANUAL"}
        served = [c for c in state.commands if c.state not in (CommandState.WAITING, CommandState.UNKNOWN)]
        assert told >= {str(c.id) for c in served if not c.grants and not c.gha}
        assert not [c for c in state.commands if c.grants and c.state is CommandState.WAITING]
        assert ("Waits for approval" in state.reports[0].body) == held(state)
        assert all(c.reaction for c in state.commands)
        assert [line for line in state.reports[0].body.split("\n") if line.startswith(f"* {state.head}")]
        for one in state.builds:
            if one.pending and one.sha != state.head:
                assert one.cancelling or one.cancel_asked_at

    @invariant()
    def a_build_is_not_retried_more_often_than_asked(self):
        assert sum(self.retries.values()) <= len(self.state.commands) + self.cancels


World.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


TestWorld = World.TestCase
