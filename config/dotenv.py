"""Reads a .env file: NAME=value lines, # comments, optional quotes and a leading `export`."""

import re
from collections.abc import Mapping
from pathlib import Path

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


def read_env_file(path: Path | str | None) -> tuple[dict[str, str], list[str]]:
    """The names and values of the file, and a problem in words for each line that is neither. No file: nothing of both."""
    if path is None or not Path(path).is_file():
        return {}, []
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return {}, [f"{path}: cannot be read ({error}). Save it as UTF-8 text that this user may read."]
    values: dict[str, str] = {}
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        match = _LINE.fullmatch(bare)
        if match:
            values[match[1]] = _unquoted(match[2])
        else:
            problems.append(f"{path}, line {number}: is not of the form NAME=value. Mend it or put a # before it.")
    return values, problems


def write_env_file(path: Path, values: Mapping[str, str]) -> None:
    """Write the values so that `read_env_file` gives them back, readable by the owner only (they hold secrets)."""
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    path.write_text("".join(f'{name}="{value}"\n' for name, value in values.items()), encoding="utf-8")


def _unquoted(raw: str) -> str:
    if raw[:1] in ("'", '"'):
        end = raw.find(raw[0], 1)
        if end > 0:
            return raw[1:end]
    return _COMMENT.sub("", raw).strip()
