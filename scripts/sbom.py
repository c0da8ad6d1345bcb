"""Print a software bill of materials (CycloneDX, JSON) of what `requirements.txt` brings in, from this environment."""

import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"


def bill(direct: list[Requirement]) -> Bom:
    """Return the bill: each package once, and which other packages it asked for."""
    root = Component(name="flinkci-dashboard", type=ComponentType.APPLICATION, bom_ref="flinkci-dashboard")
    bom = Bom()
    bom.metadata.component = root
    known: dict[str, Component] = {}
    bom.register_dependency(root, [_add(bom, requirement, known) for requirement in direct])
    return bom


def _add(bom: Bom, requirement: Requirement, known: dict[str, Component]) -> Component:
    found = distribution(requirement.name)
    name = re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()
    key = f"{name}[{','.join(sorted(requirement.extras))}]"
    if key not in known:
        address = PackageURL("pypi", None, name, found.version)
        known[key] = Component(
            name=name,
            version=found.version,
            purl=address,
            bom_ref=str(address),
            type=ComponentType.LIBRARY,
            licenses=[DisjunctiveLicense(name=_licence(found))],
        )
        bom.components.add(known[key])
        bom.register_dependency(known[key], [_add(bom, needed, known) for needed in _needed(found, requirement.extras)])
    return known[key]


def _licence(found: Distribution) -> str:
    """Return the licence in the package's own words: its expression, its classifiers, or its text's first line."""
    told = found.metadata
    classifiers = [each.split(" :: ")[-1] for each in told.get_all("Classifier", []) if each.startswith("License ::")]
    words = [told[name] for name in ("License-Expression", "License") if name in told]
    return ", ".join(classifiers) or (words[0].splitlines()[0] if words else "not said")


def _needed(found: Distribution, extras: set[str]) -> list[Requirement]:
    requirements = [Requirement(line) for line in found.requires or []]
    return [
        needed
        for needed in requirements
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras | {""})
    ]


def main() -> None:
    """Read the pinned list, follow what each package asks for, and print."""
    lines = (line.partition("#")[0].strip() for line in REQUIREMENTS.read_text().splitlines())
    direct = [Requirement(line) for line in lines if line]
    print(JsonV1Dot6(bill(direct)).output_as_string(indent=2))


if __name__ == "__main__":
    main()
