"""The lines `headroom up` ends with: where to look, and how to send a first lead."""

from config.settings import LOCAL_ENV, Settings


def welcome(settings: Settings, address: str, *, form_source: str | None) -> list[str]:
    """`form_source` is the id of a source that takes a plain form, if the team has one."""
    lines = ["", f"Headroom is ready: {settings.public_url}"]
    if form_source:
        lines += [
            "Send a lead:",
            f"  curl {address}/webhooks/{form_source} -d name=Dana -d phone=+15125550123 -d email=dana@example.com -d message='Do you have room?'",
        ]
    if settings.local_messages:
        lines.append(f"No provider keys are set: every text and e-mail lands on {settings.public_url}/outbox")
    where = settings.data / LOCAL_ENV
    lines.append(f"The API token is in {where}; logs are in {settings.data / 'logs'}. Ctrl-C stops everything.")
    return lines
