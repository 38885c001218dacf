"""Is Slack's token good? Slack is asked itself (auth.test), which posts nothing, and given 5 s for the answer."""

from dataclasses import dataclass

from config.settings import Settings
from console.asking import Answer, ask

HOST = "https://slack.com"
SECONDS = 5.0
NEEDED = frozenset({"chat:write", "im:write"})  # https://docs.slack.dev/reference/methods/chat.postMessage, conversations.open
APP = "api.slack.com, your app, OAuth & Permissions"
COPY_AGAIN = f"Copy the Bot User OAuth Token (xoxb-...) again into SLACK_BOT_TOKEN: {APP}."
INSTALL_AGAIN = f"Install the app again and copy its new token into SLACK_BOT_TOKEN: {APP}."
MENDS = {  # https://docs.slack.dev/reference/methods/auth.test
    "invalid_auth": COPY_AGAIN,
    "not_authed": COPY_AGAIN,
    "not_allowed_token_type": COPY_AGAIN,
    "account_inactive": INSTALL_AGAIN,
    "token_revoked": INSTALL_AGAIN,
    "token_expired": INSTALL_AGAIN,
    "org_login_required": "The workspace is being moved into an organisation: wait for that, then install the app again.",
    "ekm_access_denied": "An admin of the workspace has suspended its keys: ask them.",
    "team_access_not_granted": "Ask an admin of the organisation to let the app into this workspace.",
}
LATER = "That is Slack's own trouble: try again in a few minutes."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Slack says of the token, and how to mend it; `mend` is empty when all is well."""

    what: str
    mend: str = ""


def look(settings: Settings) -> Verdict:
    """Ask with the token that messages are sent with. The token itself is never quoted."""
    address = (settings.slack_api_url or HOST).rstrip("/")
    answer = ask(f"{address}/api/auth.test", token=settings.slack_bot_token, form={}, timeout=SECONDS)
    said = answer.json()
    said = said if isinstance(said, dict) else {}
    if not answer.is_fine or "ok" not in said:
        return _no_answer(answer, address)
    if said["ok"] is not True:
        error = str(said.get("error") or "no reason")[:60]
        return Verdict(f"Slack refuses the token ({error})", MENDS.get(error, LATER if "error" in error else COPY_AGAIN))
    team, user = str(said.get("team") or "?")[:60], str(said.get("user") or "?")[:60]
    granted = {scope.strip() for scope in answer.headers.get("x-oauth-scopes", "").split(",") if scope.strip()}
    if granted and (missing := sorted(NEEDED - granted)):
        return Verdict(
            f"the token of {user} in {team} may not {', '.join(missing)}", f"Add these bot scopes, then install again: {APP}."
        )
    return Verdict(f"the token is good: {user} in {team}")


def _no_answer(answer: Answer, address: str) -> Verdict:
    if answer.status == 0:
        why = "no answer in time" if "timed out" in answer.text else "cannot be reached"
        return Verdict(f"{address} {why}", "Open the firewall for it, or mend the name service.")
    return Verdict(
        f"{address} answered {answer.status}, and not as Slack does", LATER if answer.status != 404 else "Correct SLACK_API_URL."
    )
