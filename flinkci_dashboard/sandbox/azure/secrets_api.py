"""Azure DevOps' answers about tokens, variable groups and who may use them."""

from flinkci_dashboard.sandbox.azure.answers import PROJECT, listed
from flinkci_dashboard.sandbox.azure.engine import Azure
from flinkci_dashboard.sandbox.calls import Answer, Call
from flinkci_dashboard.sandbox.routing import Router

GROUP, SECRETS = 3, ("IT_CASE_S3_ACCESS_KEY", "IT_CASE_S3_BUCKET", "IT_CASE_S3_SECRET_KEY")
PERMISSIONS = f"{PROJECT}/pipelines/pipelinepermissions/variablegroup/{{group_id}}"

router = Router()


@router.route("GET", "/_apis/connectionData", "connectOptions")
def connection_data(azure: Azure, call: Call) -> Answer:
    """Tell whose token it is."""
    user = {"id": "5f0c6e5e-58d0-6c6c-8a6e-0d3c5b1a7f10", "providerDisplayName": "flinkbot", "isActive": True}
    return Answer(200, {"authenticatedUser": user, "authorizedUser": user, "deploymentType": "hosted"})


@router.route("GET", f"{PROJECT}/distributedtask/variablegroups", "$top", "groupName", "actionFilter")
def variable_groups(azure: Azure, call: Call) -> Answer:
    """List the groups; the values of secrets are never told."""
    secrets = {name: {"isSecret": True, "value": None} for name in SECRETS}
    return listed([{"id": GROUP, "name": "flink-mirror-secrets", "type": "Vsts", "variables": secrets}])


@router.route("GET", PERMISSIONS)
def permissions(azure: Azure, call: Call, group_id: int) -> Answer:
    """List the pipelines that may use a group: the mirror's alone."""
    mirrors = [id for id, (_, repository) in azure.definitions.items() if repository == "flink-ci/flink-mirror"]
    allowed = [{"id": id, "authorized": True} for id in mirrors] if group_id == GROUP else []
    return Answer(200, {"resource": {"type": "variablegroup", "id": str(group_id)}, "pipelines": allowed})
