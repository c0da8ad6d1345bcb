"""A clone of the sandbox's source, driven by plain git, and pushes from it."""

import base64
import os
import subprocess

from flinkci_dashboard.sandbox import SOURCE


class Clone:
    """A clone of the source, and pushes from it with a token or none."""

    def __init__(self, world, folder):
        self.world, self.folder = world, folder
        self.git("clone", "-q", "--mirror", f"{world.github_git_url}/{SOURCE}.git", str(folder))

    def git(self, *arguments, token=None, folder=None):
        env = {"PATH": os.environ["PATH"], "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_CONFIG_GLOBAL": "/dev/null"}
        if token:
            value = base64.b64encode(f"x:{token}".encode()).decode()
            env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader"}
            env["GIT_CONFIG_VALUE_0"] = f"Authorization: Basic {value}"
        return subprocess.run(
            ["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=not folder
        )

    def push(self, repo, *specs, token=None):
        url = f"{self.world.github_git_url}/{repo}.git"
        return self.git("push", "--porcelain", url, *specs, token=token, folder=self.folder)

    def push_all(self, repo, *specs):
        """Push with the token that may."""
        return self.push(repo, *specs, token=self.world.github_token)

    def fetch(self, *specs):
        return self.git("fetch", "-q", f"{self.world.github_git_url}/{SOURCE}.git", *specs, folder=self.folder)
