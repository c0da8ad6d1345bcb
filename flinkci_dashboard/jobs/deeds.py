"""What the bot does, in words: one sentence for an act, on whichever page. PURE"""

# Kind of act → what it does, and what it did.
DEEDS = {
    "push-branch": ("push the branch", "pushed the branch"),
    "reset-branch": ("reset the branch to its source", "reset the branch to its source"),
    "delete-branch": ("delete a branch", "deleted a branch"),
    "cancel-build": ("cancel a build", "canceled a build"),
    "retry-build": ("run failed jobs again", "ran failed jobs again"),
    "rerun-run": ("run failed jobs on GitHub Actions again", "ran failed jobs on GitHub Actions again"),
    "queue-build": ("queue a build", "queued a build"),
    "queue-missing": ("queue the build that is missing", "queued the build that was missing"),
    "create-report": ("write the report", "wrote the report"),
    "change-report": ("change the report", "changed the report"),
    "delete-report": ("delete a second report", "deleted a second report"),
    "react": ("react to a command", "reacted to a command"),
    "reply": ("answer a command", "answered a command"),
    "approve-head": ("let the head run", "let the head run"),
    "trust-author": ("trust the author", "trusts the author"),
    "deny-approval": ("refuse an approval", "refused an approval"),
    "hold-head": ("hold the head at the trust gate", "held the head at the trust gate"),
    "would-hold-head": ("note what the trust gate would hold", "would have held the head at the trust gate"),
    "set-labels": ("set the labels", "set the labels"),
    "comment-ticket": ("comment on the ticket", "commented on the ticket"),
    "send": ("send a message", "sent a message"),
    "mail": ("send a mail", "sent a mail"),
}
TENSES = {"done": "{did}", "pending": "about to {does}", "planned": "would {does}", "failed": "failed to {does}"}


def deed(kind: str, state: str) -> str:
    """Say what an act of some kind did, or how far it has come; `state` is one of an `Action`."""
    plain = kind.replace("-", " ")
    does, did = DEEDS.get(kind, (plain, f"done: {plain}"))
    return TENSES[state].format(does=does, did=did)


def kinds_said(word: str) -> list[str]:
    """Return the kinds of acts of which a word is said, without regard to case."""
    return [kind for kind, words in DEEDS.items() if word.lower() in " ".join([kind, *words])]
