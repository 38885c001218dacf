"""Did a person write this, or their phone? An answer that a device or a business account sends by itself is no contact.

What phones and WhatsApp Business send unasked is well known; whatever asks for something is a person's, whoever is driving.
"""

from routing.wishes import words

_CHANNELS = frozenset({"sms", "whatsapp", "messenger", "instagram", "telegram"})  # mails say so in their headers
_READ = 600  # characters; nothing that answers by itself says more
_DRIVING = (
    "im driving",
    "i am driving",
    "im currently driving",
    "i am currently driving",
    "currently driving",
    "driving right now",
)
_ASKS = (
    "call me", "text me", "ring me", "write me", "can you", "could you", "can we", "please", "tomorrow", "meet", "come", "send me", "how much",
    "what time", "instead",
)  # fmt: skip
_ANYWHERE = (
    "do not disturb while driving", "ill see your message when i get where im going", "im not receiving notifications",
    "this is an automated", "this is an automatic", "this is an auto", "automatic reply", "automated reply", "auto reply", "autoreply",
    "automated response", "automatic response", "out of office", "this number is not monitored", "this inbox is not monitored",
    "sent automatically", "unavailable right now but will respond as soon as possible",
)  # fmt: skip
_GREETINGS = ("thank you for contacting", "thanks for contacting", "thank you for your message", "thanks for your message")
_PROMISES = (
    "as soon as possible",
    "get back to you",
    "let us know how we can help",
    "during business hours",
    "unavailable",
    "shortly",
)


def is_automatic(channel: str, text: str) -> bool:
    """Is this a text that nobody wrote just now? In doubt it is a person's."""
    if channel not in _CHANNELS or not text or len(text) > _READ:
        return False
    said = words(text)
    if any(phrase in said for phrase in _ANYWHERE):
        return True
    if said.startswith(_GREETINGS):
        return any(promise in said for promise in _PROMISES)
    return said.startswith(_DRIVING) and "?" not in text and not any(f" {ask} " in f" {said} " for ask in _ASKS)
