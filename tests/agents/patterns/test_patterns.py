"""Failures that admins describe by lines of logs: what they match, and what is refused."""

import time
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.failures.figures import ranked
from agents.models import Failure, LogExtract, Pattern, PatternHit
from agents.patterns.admin import PatternForm
from agents.patterns.expressions import PatternError, compiled, matched_line
from agents.patterns.kept import extract, save_extracts
from agents.patterns.trials import match_patterns
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import JobRun
from tests.machines import make_build, make_job

SLOW = ["Starting Kafka", "org.apache.kafka.common.errors.TimeoutException: Topic x not present", "Bash exited"]


@pytest.mark.parametrize(
    ("pattern", "lines", "line"),
    [
        (r"Timeout\w+: Topic", SLOW, SLOW[1]),
        ("Starting Kafka\nTopic \\S+ not", SLOW, SLOW[0]),
        ("Topic \\S+ not\nStarting Kafka", SLOW, ""),
        ("Starting\nKafka", SLOW[:1], ""),
        ("(?i)starting kafka", SLOW, SLOW[0]),
        ("nothing", SLOW, ""),
        ("x", [], ""),
    ],
)
def test_each_expression_matches_a_later_line(pattern, lines, line):
    assert matched_line(compiled(pattern), lines) == line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "at least one line"),
        ("a\n(b", "Line 2 is no regular expression of RE2: missing ): (b."),
        ("a(?=b)", "invalid perl operator"),
        ("x" * 501, "longer than 500"),
        ("a\n" * 11, "too many"),
        (".*", "matches everything"),
    ],
)
def test_what_is_no_pattern_says_why(text, words):
    with pytest.raises(PatternError, match=words.replace("(", r"\(").replace(")", r"\)")):
        compiled(text)


def test_hostile_patterns_and_lines_take_linear_time():
    expressions = compiled("(a*)*b$\n(a|aa)+$")
    start = time.process_time()
    matched_line(expressions, ["a" * 2000] * 500)
    assert time.process_time() - start < 2


def test_lines_that_tell_of_no_failure_are_not_kept():
    kept = extract(["Aug 21 12:34:56 12:34:56.789 [INFO] Running x", "\tat a.b(C.java:1)", "##[error]boom", ""])
    assert kept == "boom"


@pytest.mark.django_db
class TestPreview:
    """A pattern is in use only when nothing speaks against it."""

    @pytest.fixture(autouse=True)
    def logs(self):
        for number in range(10):
            self.log(number, SLOW if number < 3 else ["something else"])
        for number in range(20, 40):
            self.log(number, ["all is well", "Bash exited" if number % 2 else "done"], green=True)

    def log(self, number, lines, green=False):
        build = make_build(number, result="succeeded" if green else "failed")
        job = make_job(build, result="succeeded" if green else "failed")
        save_extracts([(job, lines)], green=green)
        return job

    def preview(self, lines, sample=0, **facts):
        build = LogExtract.objects.get(job__build__external_id=sample).job.build if sample is not None else None
        pattern = Pattern.objects.create(name="Kafka is slow", lines=lines, sample=build, **facts)
        return self.match(pattern)

    def match(self, pattern=None):
        match_patterns(Pass(JobRun.objects.create(job="match_failures"), timezone.now(), []))
        return Pattern.objects.get() if pattern else None

    def test_a_good_one_is_in_use_with_what_it_has_hit(self):
        pattern = self.preview("Topic \\S+ not", ticket="FLINK-7")
        assert (pattern.state, pattern.preview) == ("live", "3 builds in 30 days; 0 of 20 green jobs. It is in use.")
        assert PatternHit.objects.count() == 3
        [line] = ranked(timezone.now())
        assert (line.failure.key, line.failure.ticket_key, line.seen.hits_30d) == ("Kafka is slow", "FLINK-7", 3)

    def test_what_comes_later_is_matched_once(self):
        self.preview("Topic \\S+ not")
        self.log(50, SLOW)
        self.match(), self.match()
        assert PatternHit.objects.count() == 4

    @pytest.mark.parametrize(
        ("lines", "sample", "words"),
        [
            ("Bash exited", 0, "more than 10% of the green jobs"),
            ("Topic \\S+ not", 5, "It does not match its sample build."),
            ("Topic \\S+ not", None, "It has no sample build."),
            ("(", 0, "no regular expression"),
        ],
    )
    def test_others_are_refused_and_match_nothing(self, lines, sample, words):
        pattern = self.preview(lines, sample)
        assert pattern.state == "refused" and words in pattern.preview
        assert not Failure.objects.exists()

    def test_one_that_is_refused_after_a_change_loses_its_hits(self):
        pattern = self.preview("Topic \\S+ not")
        pattern.lines, pattern.state = "Bash exited", "new"
        pattern.save()
        assert self.match(pattern).state == "refused"
        assert not PatternHit.objects.exists()

    def test_logs_of_more_than_thirty_days_ago_do_not_count(self):
        LogExtract.objects.filter(job__build__external_id__in=[1, 2]).update(at=timezone.now() - timedelta(days=31))
        assert self.preview("Topic \\S+ not").preview.startswith("1 builds in 30 days")

    def test_the_api_tells_patterns_from_tests(self, admin_client):
        self.preview("Topic \\S+ not", ticket="FLINK-7")
        for query, count in (
            ("", 1),
            ("?known=true", 1),
            ("?known=false", 0),
            ("?ticket=FLINK-7", 1),
            ("?ticket=F-1", 0),
        ):
            rows = admin_client.get(f"/api/v1/failures{query}").json()["results"]
            assert len(rows) == count
        [row] = admin_client.get("/api/v1/failures").json()["results"]
        assert (row["key"], row["kind"], row["ticket"], row["hits_7d"]) == ("Kafka is slow", "pattern", "FLINK-7", 3)
        assert "Kafka is slow" in admin_client.get("/failures/").content.decode()


@pytest.mark.django_db
def test_an_admin_gets_a_clear_error_or_a_pattern_that_waits_for_its_preview(admin_client):
    build = make_build(1)
    facts = {"name": "x", "lines": "(", "ticket": "", "sample": build.pk}
    assert "missing ): (" in str(PatternForm(facts).errors)
    address = reverse("admin:agents_pattern_add")
    assert "missing ): (" in admin_client.post(address, facts).content.decode()
    assert admin_client.post(address, facts | {"lines": "boom"}).status_code == 302
    assert Pattern.objects.get().state == "new"
