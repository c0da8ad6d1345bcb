"""Repositories, what is mirrored between them, and pull requests."""

from sync.models.mirrors import Mirror, MirrorBranch
from sync.models.pipelines import Pipeline, PipelineVariable
from sync.models.pulls import CIBranch, CommandComment, PullRequest, ReportComment, Watermark
from sync.models.repositories import Repository, valid_branch_name
from sync.models.trust import ApprovedHead, Approver, TrustedAuthor, TrustGate

__all__ = [
    "ApprovedHead",
    "Approver",
    "CIBranch",
    "CommandComment",
    "Mirror",
    "MirrorBranch",
    "Pipeline",
    "PipelineVariable",
    "PullRequest",
    "ReportComment",
    "Repository",
    "TrustGate",
    "TrustedAuthor",
    "Watermark",
    "valid_branch_name",
]
