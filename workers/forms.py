"""The form in which words go to a platform after its window has shut: as an approved template, or with a human's tag."""

from dataclasses import replace

from config.settings import Settings
from routing.approved import Template
from routing.contact import Allowed
from routing.team import Team
from store.outbox import Claimed
from workers.render import Rendered, as_template, render

HUMAN_AGENT = "HUMAN_AGENT"  # https://developers.facebook.com/docs/messenger-platform/send-messages/message-tags


def in_form(message: Claimed, answer: Allowed, team: Team, settings: Settings) -> Rendered:
    """The words of a message that was let through, as the gate said that they may go."""
    template = template_of(message, answer, team)
    if template is not None:
        return as_template(message, template)
    words = render(message, settings)
    return replace(words, tag=HUMAN_AGENT) if answer.via == "human_agent" else words


def template_of(message: Claimed, answer: Allowed, team: Team) -> Template | None:
    """The template that carries it, where only one may."""
    return team.approved.template_for(message.purpose) if answer.via == "template" else None
