"""Which comments hold a command."""

from time import process_time

import pytest

from sync.pulls.commands import find_command, own_words

HELP = (
    "<details>\n<summary>Bot commands</summary>\n  The @flinkbot bot supports the following commands:\n\n"
    " - `@flinkbot run azure` re-run the last Azure build\n</details>"
)
MAIL = "On Tue, Nov 24, 2026 at 5:02 PM flinkbot <notifications@github.com> wrote:"
QUOTED_HELP = "\n".join(f"> {line}" for line in HELP.split("\n"))
AZURE = [
    "@flinkbot run azure",
    "@FlinkBot RUN Azure",
    "Flaky test, see FLINK-1.\r\n@flinkbot run azure\r\nThanks!",
    "please, @flinkbot run azure now",
    "@flinkbot  run\tazure",
    "@flinkbot run azure.",
    "@flinkbot run azure again please",
    "> somebody said\n\n@flinkbot run azure",
    "> somebody said\n@flinkbot run azure",
    "```\ncode\n```\n@flinkbot run azure",
    "`code` @flinkbot run azure",
    "an open ` backtick @flinkbot run azure",
    "\\` @flinkbot run azure \\`",
    "<!-- hidden --> @flinkbot run azure",
    "text\n    @flinkbot run azure",  # an indented line of a paragraph is no code
    "@flinkbot run travis\n@flinkbot run azure",
    "**@flinkbot run azure**",
    "(@flinkbot run azure)",
    "- @flinkbot run azure",
    "`` a ` b `` @flinkbot run azure `` c ``",
    "`@flinkbot run azure`",  # as the report's help shows it
    "Flaky.\n\n ``@flinkbot run azure`` \nThanks",
    "- `@flinkbot run azure`",
    "@flinkbot, run azure",
    "@flinkbot: run azure",
    "@flinkbot: Run Azure, please",
    "@flinkbot please run azure",
    "Could @flinkbot please, run azure again?",
    "[@flinkbot](https://github.com/flinkbot) run azure",
    "[@FlinkBot](https://github.com/flinkbot), run azure",
    '<a href="https://github.com/flinkbot">@flinkbot</a> run azure',
    "**@flinkbot** run azure",
    "_@flinkbot_: run azure",
    "@flinkbot `run azure`",
    "@flinkbot\u00a0run azure",
    "On Slack Bob wrote:\n@flinkbot run azure",
    f"@flinkbot run azure\n\n{MAIL}\n{QUOTED_HELP}",
    f"{MAIL}\n{QUOTED_HELP}\n\n@flinkbot run azure",  # answered below what is quoted
    f"@flinkbot run azure\n\n{MAIL}\n\n{HELP}",
]
NOTHING = [
    "",
    "run azure",
    "flinkbot run azure",
    "@flinkbot",
    "@flinkbot is down again?",
    "I like how @flinkbot reports builds",
    "me@flinkbot run azure",
    "org/@flinkbot run azure",
    "@flinkbot-ci run azure",
    "@flinkbotty run azure",
    "> @flinkbot run azure",
    "   > @flinkbot run azure",
    "> a\n> @flinkbot run azure\n\nThat did not help.",
    "Use `` @flinkbot run azure `` to re-run.",
    "```\n@flinkbot run azure\n```",
    "~~~text\n@flinkbot run azure\n~~~",
    "````\n```\n@flinkbot run azure\n```\n````",
    "```\n@flinkbot run azure",  # never closed: code to the end
    "    @flinkbot run azure",
    "text\n\n    @flinkbot run azure",
    "text\n\n\t@flinkbot run azure\n    @flinkbot run azure",
    "<!-- @flinkbot run azure -->",
    "<!--\n@flinkbot run azure",
    "<pre>\n@flinkbot run azure\n</pre>",
    "<code>@flinkbot run azure</code>",
    "<blockquote>@flinkbot run azure</blockquote>",
    "`a\n@flinkbot run azure\nb`",
    "@flinkbot\nrun azure",
    HELP,
    HELP.replace("`", ""),
    QUOTED_HELP,
    f"Thanks, that was it.\n\n{MAIL}\n{QUOTED_HELP}",
    f"Thanks, that was it.\n\n{MAIL}\n\n{HELP}",
    f"Thanks.\r\n\r\n{MAIL}\r\n\r\n@flinkbot run azure\r\n",
    f"{MAIL[:30]}\n{MAIL[30:]}\n\n@flinkbot run azure",
    "Danke!\n\nAm 24.11.2026 um 17:02 schrieb Ada <ada@example.org>:\n\n@flinkbot run azure",
    "Fine.\n\n-----Original Message-----\nFrom: flinkbot\n\n@flinkbot run azure",
    "See [this](https://github.com/@flinkbot run azure)",
    "`@flinkbot run azure` is what I wrote",
    "```suggestion\n`@flinkbot run azure`\n```",
]
UNKNOWN = {
    "@flinkbot run travis": "run travis",
    "@flinkbot run": "run",
    "@flinkbot rerun": "rerun",
    "@flinkbot retry azure": "retry azure",
    "hello\n@flinkbot help\n": "help",
    "@flinkbot run the tests again please now": "run the tests again please",
    "@flinkbot run azurepipelines": "run azurepipelines",
    "@flinkbot azure!": "azure",
    "@flinkbot, retry please": "retry please",
    "@flinkbot: could you re-run azure?": "re-run azure",
    "@flinkbot - run azure": "run azure",
    "[@flinkbot](https://github.com/flinkbot) rebuild": "rebuild",
    "`@flinkbot run travis`": "run travis",
}


@pytest.mark.parametrize("body", AZURE)
def test_the_command_is_found_in_a_comments_own_words(body):
    command = find_command(body)
    assert command and command.known
    assert command.words == "run azure"


@pytest.mark.parametrize("body", NOTHING)
def test_quotes_code_and_plain_mentions_are_no_command(body):
    assert find_command(body) is None


@pytest.mark.parametrize(("body", "words"), UNKNOWN.items())
def test_an_unknown_command_is_told_from_a_mention(body, words):
    command = find_command(body)
    assert command and not command.known
    assert command.words == words


@pytest.mark.parametrize(
    "body",
    [
        "".join("`" * length + "a" for length in range(1, 700)),
        "`a" * 60_000,
        "<!--" * 30_000,
        "<code>" * 30_000,
        "@flinkbot run " * 8_000,
        "@flinkbot " + "run " * 30_000,
        "> " * 60_000,
        "\x00\ud800@flinkbot run \u202eazure",
        "On " + "a" * 200 + "\n",
        ("On " + "a " * 140 + "\n") * 900,
        ("On 1 " + "wrote " * 60 + "\n") * 700,
        "[@flinkbot](" * 20_000,
        "@flinkbot " + "please " * 30_000,
        "**" * 60_000 + "@flinkbot",
        "@flinkbot" + "," * 100_000 + " run",
        "@flinkbot approve" + " " * 60_000 + "x",
        "@flinkbot rerun" + " " * 60_000 + "?x",
        "@flinkbot" + " " * 60_000 + "`run",
        "`@flinkbot a`" + " " * 60_000 + "x",
        "@flinkbot " + "`a` " * 20_000,
        "@flinkbot " + "<tt></tt>" * 10_000,
        "@flinkbot " + "<!-- -->" * 10_000,
    ],
)
def test_hostile_text_takes_no_time(body):
    began = process_time()
    own_words(body)
    find_command(body)
    assert process_time() - began < 2


APPROVE = "@flinkbot approve"
SHA = "0123456789abcdef0123456789abcdef01234567"
GRANTS = {
    APPROVE: ("approve", ""),
    "@FlinkBot Approve.": ("approve", ""),
    "@flinkbot, please approve": ("approve", ""),
    "**@flinkbot** approve": ("approve", ""),
    f"{APPROVE} {SHA.upper()}": ("approve", SHA),
    "Fine with me.\r\n\r\n@flinkbot trust\r\n": ("trust", ""),
    f"> May it run?\n\n{APPROVE}": ("approve", ""),
    f"1. ```\n   code\n   ```\n\n{APPROVE}": ("approve", ""),
    f"@flinkbot trust\n{APPROVE}": ("approve trust", ""),
    f"{APPROVE}\n@flinkbot run azure": ("approve", ""),
    f"<blockquote>May it?</blockquote >\n\n{APPROVE}": ("approve", ""),
    f"{APPROVE} {SHA}\n{APPROVE} {SHA[::-1]}": ("approve", ""),  # which of them is not told
}
NO_GRANTS = [
    f"`{APPROVE}`",
    f"- ``{APPROVE}``",
    "@flinkbot `approve`",
    f"```\n{APPROVE}\n```",
    f"~~~\n{APPROVE}",
    f"> {APPROVE}",
    f"Text.\n\n    {APPROVE}",
    f"<!--\n{APPROVE}\n-->",
    f"<pre>\n{APPROVE}\n</pre>",
    f"> You may write\n{APPROVE}",  # shown as a part of the quote
    f"> You may write\n> ```\nthis:\n{APPROVE}\n\nThat is how.",
    f"- > {APPROVE}",
    f"1. ```\n   {APPROVE}\n   ```",
    f"* - ~~~\n    {APPROVE}\n    ~~~",
    f"<kbd>\n{APPROVE}\n</kbd>",
    f"<del>\n{APPROVE}\n</del>",
    f"<s>\n{APPROVE}\n</s>",
    f"<q>\n{APPROVE}\n</q>",
    f"<blockquote>\n<blockquote>a</blockquote>\n{APPROVE}\n</blockquote>",
    f"<pre>a</pre >\n<pre>\n{APPROVE}",
    f'"{APPROVE}"',
    f"I am MEMBER: {APPROVE}",
    f"{MAIL}\n\n{APPROVE}",
    f"write {APPROVE} to let it run",
    f"Don't {APPROVE}",
    f"{APPROVE} all",  # flinkbot's reviewers wrote such things once
    f"{APPROVE} description",
    f"{APPROVE} 0123abc",  # a commit with the same beginning is soon made
    f"{APPROVE} {SHA}0",
    "@flinkbot approved",
    "@flinkbot trustworthy",
    "mail@flinkbot approve",
]


@pytest.mark.parametrize("body", GRANTS)
def test_an_approval_stands_alone_on_its_line_and_may_name_its_commit(body):
    found = find_command(body)
    assert found and found.grants and (found.words, found.sha) == GRANTS[body]


@pytest.mark.parametrize("body", NO_GRANTS)
def test_what_only_looks_like_an_approval_grants_nothing(body):
    found = find_command(body)
    assert found is None or not found.grants
