"""Finds what is missing or wrong in the environment and says how to mend it. Never quotes a secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from config.outgoing import Guard, is_host_name, network_of

_SHORTEST_KEY = 16  # characters; 128 bits if they are random hex halves, and the least any framework suggests
_MAKE_ONE = 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'


@dataclass(frozen=True, slots=True)
class Values:
    """The environment and the problems found while reading it."""

    environ: Mapping[str, str]
    problems: list[str]

    def text(self, name: str) -> str | None:
        """The value without surrounding blanks, None if not set."""
        return self.environ.get(name, "").strip() or None

    def several(self, name: str) -> tuple[str, ...]:
        """A comma-separated list."""
        return tuple(part.strip() for part in (self.text(name) or "").split(",") if part.strip())

    def hosts(self, name: str) -> tuple[str, ...]:
        """A comma-separated list of hosts, addresses and networks."""
        entries = tuple(entry.lower().removesuffix(".") for entry in self.several(name))
        for entry in entries:
            if network_of(entry) is None and not is_host_name(entry):
                self.problems.append(
                    f"{name} holds {entry!r}, which is no host, address or network. Example: {name}=crm.internal,10.1.0.0/16"
                )
        return entries

    def whole(self, name: str, default: int, *, lowest: int = 0, highest: int = 1_000_000) -> int:
        """A whole number between `lowest` and `highest`."""
        text = self.text(name)
        if text is None:
            return default
        if text.isascii() and text.isdigit() and lowest <= int(text) <= highest:
            return int(text)
        self.problems.append(f"{name}={text!r} must be a whole number from {lowest} to {highest}, for example {default}.")
        return default

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of a few words, in any case; the first is the default."""
        text = self.text(name) or allowed[0]
        for word in allowed:
            if word.lower() == text.lower():
                return word
        self.problems.append(f"{name}={text!r} must be one of {', '.join(allowed)}.")
        return allowed[0]

    def url(self, name: str, schemes: tuple[str, ...], *, needed_by: str | None = None) -> str | None:
        """An address with one of the schemes. The value is not quoted in a problem: it may hold a password."""
        text = self.text(name)
        if text is None:
            if needed_by:
                self.problems.append(
                    f"{name} is not set; `headroom {needed_by}` needs it. Example: {name}={schemes[0]}://user:password@host/headroom. "
                    "Or run `headroom up`, which brings its own."
                )
            return None
        if not _is_url(text, schemes):
            self.problems.append(f"{name} must be an address that begins with {' or '.join(f'{s}://' for s in schemes)}.")
        return text

    def outgoing_url(self, name: str, *, allowed: tuple[str, ...]) -> str | None:
        """An address that will be called. Only its form is looked at here: a name server that is away must not stop a start."""
        text = self.text(name)
        if text is not None and (fault := Guard(allowed).fault(text, asks_names=False)):
            self.problems.append(f"{name} is no address that may be called: {fault}.")
        return text

    def key(self, name: str, *, needed_by: str | None = None) -> str | None:
        """A secret of our own making, long enough not to be guessed."""
        text = self.text(name)
        if text is None and needed_by:
            self.problems.append(f"{name} is not set; `headroom {needed_by}` needs it. {_MAKE_ONE}")
        if text is not None and len(text) < _SHORTEST_KEY:
            self.problems.append(f"{name} has {len(text)} characters and needs at least {_SHORTEST_KEY}. {_MAKE_ONE}")
        return text

    def keys(self, name: str) -> tuple[str, ...]:
        """Several such secrets, separated by commas."""
        found = self.several(name)
        if any(len(key) < _SHORTEST_KEY for key in found):
            self.problems.append(
                f"{name} holds a key of under {_SHORTEST_KEY} characters. Write whole keys, separated by commas."
            )
        return found


def page_tokens(text: str) -> list[tuple[str, str]]:
    """(id of a page or Instagram account, its token) of META_PAGE_TOKEN: `<id>:<token>` several times, or one token for all ("")."""
    parts = [part.strip().rpartition(":") for part in text.split(",") if part.strip()]
    return [(account.strip(), token) for account, _, token in parts]


def provider_problems(environ: Mapping[str, str]) -> list[str]:
    """What is missing where a provider is set up by halves: it would fail at the first lead instead of now."""
    has = {name for name, value in environ.items() if value.strip()}
    problems = []
    for provider, names in _TOGETHER.items():
        given, missing = [n for n in names if n in has], [n for n in names if n not in has]
        if given and missing:
            problems.append(
                f"{provider} is set up by halves: {', '.join(given)} is set, but not {', '.join(missing)}. "
                f"Set {'it' if len(missing) == 1 else 'them'} too, or none of them: then messages go to the page /outbox."
            )
    accounts = [account for account, _ in page_tokens(environ.get("META_PAGE_TOKEN", ""))]
    if (len(accounts) > 1 or any(accounts)) and not all(account.isdigit() for account in accounts):
        problems.append(
            "META_PAGE_TOKEN names a token without its page. Write each as <id of the page or Instagram account>:<token>, with commas "
            "between them, or one token alone."
        )
    if has >= _SIGNED_BY_ADDRESS and "PUBLIC_URL" not in has:
        problems.append(
            "PUBLIC_URL is not set, but Twilio signs the public address it calls. Set it to the address Twilio has, "
            "for example PUBLIC_URL=https://leads.example.com"
        )
    return problems


_TOGETHER = {
    "Twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"),
    "SendGrid": ("SENDGRID_API_KEY", "SENDGRID_FROM"),
    "Meta": ("META_APP_SECRET", "META_VERIFY_TOKEN", "META_PAGE_TOKEN"),
    "WhatsApp Cloud": ("WHATSAPP_TOKEN", "WHATSAPP_PHONE_ID"),
}
_SIGNED_BY_ADDRESS = {"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"}


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and (bool(parts.netloc) or bool(parts.path)) and parts.port != 0
    except ValueError:
        return False
