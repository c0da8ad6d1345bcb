"""The key of a ticket in a title, and the branch of a pull request's head."""

import pytest

from flinkci_dashboard.names import branch_name, head_of, ticket_in

SHA = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("[BP-1.7][FLINK-11537] Make ExecutionGraph#suspend terminate ExecutionGraph atomically", "FLINK-11537"),
        ("FLINK-11838 Add GCS RecoverableWriter", "FLINK-11838"),
        ("[FLINK-11786][travis] Merge cron branches into master", "FLINK-11786"),
        ("[Flink-11786][travis] Merge cron branches into master", "FLINK-11786"),
        ("flink-7 lower case", "FLINK-7"),
        ("[FLINK-1][FLINK-2] the last one counts", "FLINK-2"),
        ("[FLINK-1] follow-up of FLINK-30000", "FLINK-30000"),
        ("[FLINK-FLINK-12] stuttered", "FLINK-12"),
        ("[hotfix] Fix typo", ""),
        ("[typo] Inaccurate info on Avro splitting support", ""),
        ("[FLINK-x] Activate checkstyle flink-java/*", ""),
        ("[FLINK-??] Activate checkstyle flink-java/*", ""),
        ("[FLINK-][travis] Merge cron branches into master", ""),
        ("[FLINK 123] no hyphen", ""),
        ("[FLINK-１２] full-width digits are no digits", ""),
        ("[FLIN\u212a-12] the Kelvin sign is no K", ""),
        ("[FLINK-123456789] the longest that Jira could have", "FLINK-123456789"),
        ("[FLINK-1234567890] no ticket has a longer number, and this is not its beginning", ""),
        ("[FLINK-7] not FLINK-12345678901234567890123", "FLINK-7"),
        ("", ""),
    ],
)
def test_the_ticket_of_a_title(title, key):
    assert ticket_in(title) == key


@pytest.mark.parametrize(
    ("branch", "head"),
    [
        (f"ci_29300_{SHA}", (29300, SHA)),
        (branch_name(7, SHA), (7, SHA)),
        (f"ci_29300_{SHA[:39]}", None),
        (f"ci_29300_{SHA}0", None),
        (f"ci_29300_{SHA.upper()}", None),
        (f"ci_1234567890_{SHA}", None),
        (f"ci_１２_{SHA}", None),
        (f"ci_1_{SHA}\n", None),
        (f"xci_1_{SHA}", None),
        ("ci_fix", None),
        ("", None),
    ],
)
def test_a_branch_stands_for_a_head_or_for_none(branch, head):
    assert head_of(branch) == head
