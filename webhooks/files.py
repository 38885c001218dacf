"""Files that came along with a form: their addresses and names, never what is in them."""

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from config import normal

MOST = 20
_PLACES = re.compile(r"/uploads?/|//uploads?[.-]|[/-]uploads?[.-]", re.IGNORECASE)  # of WordPress' plug-ins, Jotform, Webflow
_BETWEEN = re.compile(r"\s*[,\n|]\s*(?=https?://)|\s+(?=https?://)")
_ADDRESS_KEYS = ("url", "href", "link", "download_url", "file_url")
_NAME_KEYS = ("name", "filename", "file_name", "originalname", "original_filename", "title")
_TYPE_KEYS = ("type", "contenttype", "content_type", "mimetype", "mime_type")


def files_in(value: object, *, surely: bool = False) -> list[dict[str, str]]:
    """The files that a value consists of; none when it says anything else. `surely`: the question asked for a file."""
    each = value if isinstance(value, list) else [value]
    found = [file for part in each[:MOST] for file in _files(part, surely=surely)]
    return found[:MOST] if all(_files(part, surely=surely) for part in each[:MOST]) else []


def _files(value: object, *, surely: bool) -> list[dict[str, str]]:
    if isinstance(value, Mapping):
        return _described(value)
    text = value.strip() if isinstance(value, str) else ""
    addresses = _BETWEEN.split(text) if text[:4].lower() == "http" else []
    if not addresses or not all(_is_files(each, surely=surely) for each in addresses):
        return []
    return [_file(each) for each in addresses]


def _described(value: Mapping[str, object]) -> list[dict[str, str]]:
    """{url, name, type} in the words of whoever sends it."""
    said = {str(key).lower(): each for key, each in value.items()}
    address = _first(said, _ADDRESS_KEYS)
    if not address.lower().startswith(("http://", "https://")):
        return []
    return [
        {
            **_file(address),
            **{ours: told for ours, keys in (("name", _NAME_KEYS), ("type", _TYPE_KEYS)) if (told := _first(said, keys))},
        }
    ]


def _first(said: Mapping[str, object], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := normal.clean_line(said.get(key), 1000))), "")


def _is_files(address: str, *, surely: bool) -> bool:
    return (
        address[:8].lower().startswith(("http://", "https://"))
        and " " not in address
        and (surely or bool(_PLACES.search(address)))
    )


def _file(address: str) -> dict[str, str]:
    try:
        last = unquote(urlsplit(address).path).rpartition("/")[2]
    except ValueError:
        last = ""
    name = {"name": normal.clean_line(last, 200)} if "." in last else {}
    return {"url": normal.clean_line(address, 1000), **name}
