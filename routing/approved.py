"""What the firm has had approved by the platforms: templates for WhatsApp, and answers by a human after a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field

REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Template:
    """An approved WhatsApp template: by its `sid` at Twilio, or by `name` and `language` at Meta. `variables` are texts with fields, by place or name."""

    sid: str = ""
    name: str = ""
    language: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the template is called, for those who read what was sent."""
        return self.sid or f"{self.name} ({self.language})"


@dataclass(frozen=True, slots=True)
class Approved:
    """`template` carries our own words, `reply_template` a rep's; `human_agent`: Meta lets this app's people answer for a week."""

    template: Template | None = None
    reply_template: Template | None = None
    human_agent: bool = False

    def template_for(self, purpose: str) -> Template | None:
        """The one that carries a message of this purpose."""
        return self.reply_template if purpose == REPLY else self.template
