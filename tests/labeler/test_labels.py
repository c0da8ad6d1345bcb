"""Labels: which ticket, which labels, what changes, and why. The titles and component names are Flink's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.labels import (
    Basis,
    Pull,
    Rule,
    State,
    Ticket,
    decide,
    difference,
    is_ours,
    label_of,
    labels_of,
)


@pytest.mark.parametrize(
    ("component", "label"),
    [
        ("API / Core", "component=API/Core"),
        ("API/DataSet", "component=API/DataSet"),
        ("API / Type Serialization System", "component=API/TypeSerializationSystem"),
        ("Build System / Azure Pipelines", "component=BuildSystem/AzurePipelines"),
        ("chinese-translation", "component=chinese-translation"),
        ("Connectors/ RabbitMQ", "component=Connectors/RabbitMQ"),
        ("Documentation / Training / Exercises", "component=Documentation/Training/Exercises"),
        ("Formats (JSON, Avro, Parquet, ORC, SequenceFile)", "component=Formats"),
        ("Formats(JSON,Avro,Parquet,ORC,SequenceFile)", "component=Formats"),
        ("fs", "component=fs"),
        ("Library / Graph Processing (Gelly)", "component=Library/GraphProcessing(Gelly)"),
        ("Runtime / REST", "component=Runtime/REST"),
        ("Table SQL / API", "component=TableSQL/API"),
        (
            "A component with a name that is much too long to be a label",
            "component=Acomponentwithanamethatismuchtoolongtobe",
        ),
    ],
)
def test_the_label_of_a_component(component, label):
    assert label_of(component) == label
    assert len(label) <= 50


def test_a_ticket_without_component_has_a_label_of_its_own():
    assert labels_of([]) == ("component=<none>",)


def test_components_that_give_the_same_label_give_it_once():
    assert labels_of(["Formats (JSON)", "Formats / Avro", "Runtime / REST", "runtime/rest"]) == (
        "component=Formats",
        "component=runtime/rest",
    )


@pytest.mark.parametrize(
    ("rule", "component", "label"),
    [
        (Rule("Runtime / REST", "component=REST"), "Runtime / REST", "component=REST"),
        (Rule("runtime / rest", "component=REST"), "Runtime / REST", "component=REST"),
        (Rule("Runtime / REST", "component=REST"), "Runtime / REST API", "component=Runtime/RESTAPI"),
        (Rule("Table SQL*", "component=Table"), "Table SQL / Planner", "component=Table"),
        (Rule("Formats*", "component=Files"), "Formats (JSON)", "component=Files"),
    ],
)
def test_rules_of_admins_go_first(rule, component, label):
    assert label_of(component, [rule]) == label


@pytest.mark.parametrize(
    ("wanted", "present", "add", "remove"),
    [
        (["component=A"], [], ("component=A",), ()),
        (["component=A"], ["component=A"], (), ()),
        (["component=A"], ["component=B", "bug"], ("component=A",), ("component=B",)),
        (["component=A"], ["Component=a", "community-reviewed"], (), ()),
        (["component=A", "component=B"], ["component=<none>"], ("component=A", "component=B"), ("component=<none>",)),
        (["component=<none>"], ["component=X", "component=Y"], ("component=<none>",), ("component=X", "component=Y")),
    ],
)
def test_labels_differ_by_sets_and_names_by_more_than_case(wanted, present, add, remove):
    assert difference(wanted, present) == (add, remove)


TITLE = "[FLINK-123][rest] Fix it"
REST, METRICS = "Runtime / REST", "Runtime / Metrics"


def pull(labels=(), components=(REST,), title=TITLE, key="FLINK-123"):
    return Pull(title, tuple(labels), None if components is None else Ticket(key, tuple(components)), True)


def basis(components=(REST,), title=TITLE, key="FLINK-123"):
    return Basis(title, key, tuple(components), labels_of(components))


@pytest.mark.parametrize(
    ("seen", "last", "state", "add", "remove", "reason"),
    [
        (pull(title="[hotfix] Fix it"), None, State.NO_TICKET, (), (), ""),
        (pull(["component=Runtime/REST"], title="[hotfix] x"), basis(), State.NO_TICKET, (), (), ""),
        (Pull(TITLE, (), None, False), None, State.WAITING, (), (), ""),
        (pull(["component=X"], None), None, State.UNKNOWN, (), (), "Jira has no ticket FLINK-123."),
        (pull(["component=Runtime/REST", "bug"]), None, State.RIGHT, (), (), "FLINK-123 is about Runtime / REST."),
        (pull(["component=<none>"], []), None, State.RIGHT, (), (), "FLINK-123 has no component."),
        (
            pull(["component=Runtime/REST"], key="FLINK-900"),
            None,
            State.RIGHT,
            (),
            (),
            "FLINK-123, now FLINK-900, is about Runtime / REST.",
        ),
        (pull(), None, State.CHANGE, ("component=Runtime/REST",), (), "FLINK-123 is about Runtime / REST."),
        (
            pull(["component=Runtime/REST"], [METRICS]),
            basis(),
            State.CHANGE,
            ("component=Runtime/Metrics",),
            ("component=Runtime/REST",),
            "FLINK-123 moved from Runtime / REST to Runtime / Metrics.",
        ),
        (
            pull(["component=Runtime/REST"], [REST, METRICS]),
            basis(),
            State.CHANGE,
            ("component=Runtime/Metrics",),
            (),
            "FLINK-123 is now about Runtime / Metrics too.",
        ),
        (
            pull(["component=<none>"], [REST]),
            basis([]),
            State.CHANGE,
            ("component=Runtime/REST",),
            ("component=<none>",),
            "FLINK-123 got Runtime / REST.",
        ),
        (
            pull(["component=Runtime/REST", "component=Runtime/Metrics"]),
            basis([REST, METRICS]),
            State.CHANGE,
            (),
            ("component=Runtime/Metrics",),
            "FLINK-123 is no longer about Runtime / Metrics.",
        ),
        (
            pull(["component=Runtime/REST"], [METRICS], "[FLINK-124] Fix it"),
            basis(),
            State.CHANGE,
            ("component=Runtime/Metrics",),
            ("component=Runtime/REST",),
            "The title names FLINK-124 instead of FLINK-123.",
        ),
        (
            pull(["component=Runtime/Metrics"]),
            basis(),
            State.DRIFT,
            ("component=Runtime/REST",),
            ("component=Runtime/Metrics",),
            "Somebody removed component=Runtime/REST and added component=Runtime/Metrics.",
        ),
        (pull([]), basis(), State.DRIFT, ("component=Runtime/REST",), (), "Somebody removed component=Runtime/REST."),
        (
            pull([], title=f"{TITLE}!"),
            basis(),
            State.CHANGE,
            ("component=Runtime/REST",),
            (),
            "The title changed; FLINK-123 is about Runtime / REST.",
        ),
    ],
)
def test_what_is_decided(seen, last, state, add, remove, reason):
    found = decide(seen, last)
    assert (found.state, found.add, found.remove, found.reason) == (state, add, remove, reason)


def test_a_button_settles_drift():
    assert decide(pull(["component=X"]), basis(), settle=True).state is State.CHANGE


def test_a_new_rule_is_a_reason_to_change():
    found = decide(pull(["component=Runtime/REST"]), basis(), [Rule(REST, "component=REST")])
    assert (found.state, found.add, found.remove) == (State.CHANGE, ("component=REST",), ("component=Runtime/REST",))
    assert found.reason == "The rules give Runtime / REST another label."


names = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60), max_size=4)


@given(components=names, labels=names, ours=st.lists(st.sampled_from(["component=A", "component=<none>", "bug"])))
def test_applying_a_decision_leaves_nothing_to_decide(components, labels, ours):
    before = (*labels, *ours)
    first = decide(pull(before, components), None)
    after = [label for label in before if label not in first.remove] + list(first.add)
    assert decide(pull(after, components), None).state is State.RIGHT
    assert [label for label in after if not is_ours(label)] == [label for label in before if not is_ours(label)]
