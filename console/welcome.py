"""The lines `headroom up` ends with: where to look, and how to send a first lead."""

from config.settings import LOCAL_ENV, Settings


def welcome(settings: Settings, address: str, *, form_source: str | None, first_admin: str | None = None) -> list[str]:
    """`form_source`: the id of a source that takes a plain form; `first_admin`: the link that makes the first account, if there is none."""
    lines = ["", f"Headroom is ready: {settings.public_url}"]
    if form_source:
        lines += [
            "Send a lead:",
            f"  curl {address}/webhooks/{form_source} -d name=Dana -d phone=+15125550123 -d email=dana@example.com -d message='Do you have room?'",
        ]
    if settings.local_messages:
        lines.append(f"No provider keys are set: every text and e-mail lands on {settings.public_url}/outbox")
    if first_admin:
        lines += [
            "The pages open on this machine only, or with the API token. For accounts, make the first admin (once, within 15 minutes):",
            f"  {first_admin}",
        ]
    where = settings.data / LOCAL_ENV
    lines.append(f"The API token is in {where}; logs are in {settings.data / 'logs'}. Ctrl-C stops everything.")
    return lines
