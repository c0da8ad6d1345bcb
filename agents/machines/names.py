"""What machines and pools are called: those that Azure makes, and those that were given to Flink."""

from agents.models import Host

DEFAULT_RULES = (
    (10, "AlibabaCI#-agent#", Host.ALIBABA, "Alibaba's machines, several agents on each"),
    (20, "AlibabaCI#", Host.ALIBABA, "the same, by machine name"),
    (30, "Azure Pipelines #", Host.AZURE, "Azure's VMs"),
    (40, "Azure Pipelines", Host.AZURE, "Azure's VMs"),
    (50, "Hosted Agent", Host.AZURE, "Azure's VMs, as some runs name them"),
    (60, "fv-az#*", Host.AZURE, "Azure's VMs, by machine name"),
)
HOSTED_POOL, DONATED_POOL = "Azure Pipelines", "Default"


def host_of_pool(name: str, hosted: bool | None) -> Host:
    """Return whose machines a new pool holds: Azure's where it says so, else by the names of Flink's two pools."""
    if hosted or (hosted is None and name == HOSTED_POOL):
        return Host.AZURE
    return Host.ALIBABA if name == DONATED_POOL else Host.UNKNOWN
