"""Where the calls to an endpoint go: the address of the team file, or the vendor's own, or what stands in its place."""

from urllib.parse import urlsplit

from config.outgoing import Guard
from config.settings import Settings
from routing.endpoint import Endpoint

HUBSPOT = "https://api.hubapi.com"
PIPEDRIVE, PIPEDRIVE_TOKENS = "https://api.pipedrive.com", "https://oauth.pipedrive.com"


def hosts_of(endpoint: Endpoint, settings: Settings) -> tuple[str, ...]:
    """The URLs that are called first for an endpoint; a CRM may answer one of them with another host."""
    if endpoint.type == "hubspot":
        return (settings.hubspot_api_url or HUBSPOT,)
    if endpoint.type == "pipedrive":
        if settings.pipedrive_api_url:
            return (settings.pipedrive_api_url,)
        return (PIPEDRIVE_TOKENS, PIPEDRIVE) if endpoint.grant else (PIPEDRIVE,)
    return (endpoint.url,)


def guard_of(settings: Settings) -> Guard:
    """The guard for calls to endpoints. Hosts that the operator put in the place of a CRM's own are set by no user: let through."""
    given = (settings.hubspot_api_url, settings.pipedrive_api_url)
    return Guard((*settings.private_urls, *(host for url in given if url and (host := urlsplit(url).hostname))))
