"""Azure DevOps' discovery, as its Python SDK asks for it: which resource is served where."""

from flinkci_dashboard.sandbox.azure.answers import listed
from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.routing import Router

BUILD, TASKS = "{project}/_apis/build/builds/{buildId}", "_apis/distributedtask"
# id, area, resource, route, newest version: what the SDK asks for, by location id.
LOCATIONS = (
    # fmt: off
    ("e81700f7-3be2-46de-8624-2eb35882fcaa", "Location", "ResourceAreas", "_apis/{resource}/{areaId}", 1),
    ("0cd358e1-9217-4d94-8269-1c1ee6f93dcf", "build", "builds", "{project}/_apis/build/{resource}/{buildId}", 7),
    ("8baac422-4c6e-4de5-8532-db96d92acffa", "build", "timeline", BUILD + "/{resource}/{timelineId}", 2),
    ("35a80daf-7f30-45fc-86e8-6b813d9c90df", "build", "logs", BUILD + "/{resource}/{logId}", 2),
    ("b8aac6c9-744b-46e1-88fc-3550969f9313", "build", "stages", BUILD + "/{resource}/{stageRefName}", 1),
    (
        "dbeaf647-6167-421a-bda9-c9327b25e2e6",
        "build",
        "definitions",
        "{project}/_apis/build/{resource}/{definitionId}",
        7,
    ),
    ("a8c47e17-4d56-4a56-92bb-de7ea7dc65be", "distributedtask", "pools", TASKS + "/{resource}/{poolId}", 1),
    (
        "e298ef32-5878-4cab-993c-043836571f42",
        "distributedtask",
        "agents",
        TASKS + "/pools/{poolId}/{resource}/{agentId}",
        1,
    ),
    (
        "900fa995-c559-4923-aae7-f8424fe4fbea",
        "distributedtask",
        "queues",
        "{project}/" + TASKS + "/{resource}/{queueId}",
        1,
    ),
    ("cadb3810-d47d-4a3c-a234-fe5f3be50138", "Test", "Runs", "{project}/_apis/test/{resource}/{runId}", 3),
    ("4637d869-3a76-4468-8057-0bb02aa385cf", "Test", "Results", "{project}/_apis/test/Runs/{runId}/{resource}/{id}", 6),
    # fmt: on
)
AREAS = {
    "build": "965220d5-5bb9-42cf-8d67-9b146df2a5a4",
    "distributedtask": "a85b8835-c1a1-4aac-ae97-1c3d0ba72dbd",
    "Test": "c2aa639c-3ccc-4740-b3b6-ce2a1e1d984e",
}
router = Router()


@router.route("OPTIONS", "/_apis")
def locations(azure: Azure, call: Call) -> Answer:
    """List what this service offers, by location id."""
    fields = ("id", "area", "resourceName", "routeTemplate", "resourceVersion")
    versions = {"minVersion": "1.0", "maxVersion": "7.2", "releasedVersion": "7.1"}
    return listed([dict(zip(fields, place, strict=True)) | versions for place in LOCATIONS])


@router.route("GET", "/_apis/ResourceAreas")
def areas(azure: Azure, call: Call) -> Answer:
    """List where each area is served: all here."""
    address = f"{call.address}/apache-flink/"
    return listed([{"id": id, "name": name, "locationUrl": address} for name, id in AREAS.items()])
