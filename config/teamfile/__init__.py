"""The team file: who is on the team, when they work, what is promised to whom. `load` is the way in."""

from config.teamfile.difference import diff
from config.teamfile.file import CheckResult, check, export, load, read_text
from config.teamfile.findings import Problem, TeamFileError

__all__ = ["CheckResult", "Problem", "TeamFileError", "check", "diff", "export", "load", "read_text"]
