"""The tone of each state: how much it should worry whoever reads it. PURE"""

# Every state that a page shows. The word is always there too: colour alone says nothing.
TONES = {
    "good": ("ok", "in_sync", "done", "success", "succeeded", "online", "idle", "works", "safe", "passed"),
    "info": ("running", "behind", "new", "pending", "queued", "planned", "cancelling", "busy", "open", "change"),
    "warn": (
        "partial",
        "gone",
        "unreachable",
        "diverged",
        "blocked",
        "abandoned",
        "offline",
        "drift",
        "unknown",
        "allowed",
        *("canceled", "stale", "action_required", "failed, all known"),
        *("timeout", "disk", "memory", "network", "docker", "agent"),  # why a job failed, where no change is to blame
    ),
    "bad": (
        *("failed", "failure", "rejected", "not_authorized", "overdue", "exposed"),
        *("timed_out", "startup_failure"),
        *("test", "compile", "style"),  # why a job failed
    ),
}
TONE_OF = {state: tone for tone, states in TONES.items() for state in states}
WORDS = {  # one word for one state, whoever tells it
    **dict.fromkeys(("ok", "success", "passed"), "succeeded"),
    "failure": "failed",
    "partial": "succeeded with issues",
    "cancelled": "canceled",
    "none": "–",
}
MOVING = {"running", "busy", "cancelling"}  # shown as under way


def tone(state: object) -> str:
    """Return "good", "info", "warn", "bad", or "muted" for a state that says nothing of health."""
    return TONE_OF.get(str(state).lower(), "muted")


def word(state: object) -> str:
    """Return a state's word."""
    return WORDS.get(str(state).lower(), str(state).replace("_", " "))
