"""The files for other machines say what this product understands, and run it with as few rights as it needs."""

from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.urls import resolve

DOCS = settings.BASE_DIR / "docs" / "deploy"
README = (settings.BASE_DIR / "README.md").read_text()
CONTAINERFILE = (settings.BASE_DIR / "Containerfile").read_text()


def manifests(kind: str) -> list[dict]:
    every = yaml.safe_load_all((DOCS / "kubernetes.yaml").read_text())
    return [each for each in every if each["kind"] == kind]


def services() -> dict[str, dict]:
    return yaml.safe_load((DOCS / "compose.yaml").read_text())["services"]


def pods() -> list[dict]:
    return [each["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for each in manifests(kind)]


def ours() -> list[dict]:
    return [each for each in services().values() if each["image"] == "flinkci-dashboard"]


def test_there_are_two_deployments_and_one_migration():
    assert [each["metadata"]["name"] for each in manifests("Deployment")] == ["flinkci-web", "flinkci-worker"]
    assert len(manifests("Job")) == 1


@pytest.mark.parametrize("pod", pods(), ids=lambda pod: pod["containers"][0]["name"])
def test_a_pod_runs_without_root_and_writes_nowhere_but_in_its_volumes(pod):
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"--uid {pod['securityContext']['runAsUser']} " in CONTAINERFILE
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {each["name"] for each in container["volumeMounts"]} == {"data", "tmp"}
    assert container["resources"]["limits"]["memory"]


def test_a_composed_service_of_ours_is_read_only():
    assert all(each["read_only"] and each["cap_drop"] == ["ALL"] for each in ours())


def test_every_variable_that_they_set_is_known():
    (config,) = manifests("ConfigMap")
    named = set(config["data"]).union(*(each["environment"] for each in ours()))
    assert [name for name in sorted(named) if f"`{name}`" not in README] == []


def test_what_they_run_is_there():
    commands = [pod["containers"][0]["command"] for pod in pods()] + [each["command"] for each in ours()]
    told = " ".join(" ".join(each) for each in commands)
    assert {"migrate", "bootstrap", "qcluster", "flinkci_dashboard.wsgi"} <= set(told.split())


def test_the_web_server_is_probed_where_it_answers():
    (web,) = (each["spec"]["template"]["spec"]["containers"][0] for each in manifests("Deployment")[:1])
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert resolve(web[probe]["httpGet"]["path"]).url_name == "healthz"


def test_the_documents_are_named_where_people_look():
    assert all(f"docs/deploy/{each.name}" in README for each in Path(DOCS).iterdir())
