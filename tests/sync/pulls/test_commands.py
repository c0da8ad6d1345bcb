"""Which comments hold a command."""

from time import perf_counter

import pytest

from sync.pulls.commands import find_command, own_words

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
    "`@flinkbot run azure`",
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
    ],
)
def test_hostile_text_takes_no_time(body):
    began = perf_counter()
    own_words(body)
    find_command(body)
    assert perf_counter() - began < 2
