"""A provider on loopback that speaks Twilio, SendGrid and Meta, and misbehaves on request. Its log is the truth about sends.

In a test: `with FakeProvider() as provider:`. As a process, for benchmarks: `python -m tests.fakes --port 9100`, then read
GET /_log (or /_count) and post a behaviour to /_script. Answers a few thousand requests a second; nothing is checked while it runs,
`violations()` holds every request against the vendors' API descriptions afterwards.
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to one request. `accept`: does it count as sent? `hang`: seconds before the answer; `status`: of the answer.

    `reset`: break the connection instead of answering. `code` is the provider's own error code, `error` Slack's word.
    """

    accept: bool = True
    status: int = 0
    code: int | None = None
    hang: float = 0.0
    reset: bool = False
    error: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


ACCEPT = Behaviour()
RESET_AFTER_ACCEPT = Behaviour(reset=True)
FAIL_AFTER_ACCEPT = Behaviour(status=500)
FAIL = Behaviour(accept=False, status=503)


def hang(seconds: float, *, accept: bool = True) -> Behaviour:
    """Take it, and say nothing for a while."""
    return Behaviour(accept=accept, hang=seconds)


def refuse(status: int, code: int | None = None) -> Behaviour:
    """A clear no."""
    return Behaviour(accept=False, status=status, code=code)


def throttle(seconds: int) -> Behaviour:
    """Later, please."""
    return Behaviour(accept=False, status=429, code=20429, headers={"Retry-After": str(seconds)})


@dataclass(frozen=True, slots=True)
class Sent:
    """A message or call the provider took."""

    vendor: str
    id: str
    to: str
    body: str
    at: datetime
    subject: str = ""
    callback: str = ""
    message_id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    vendor: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class FakeProvider:
    """The three providers on one port. `always` and `once` set behaviours per vendor: twilio, sendgrid, meta."""

    def __init__(
        self, *, port: int = 0, now: Callable[[], datetime] = lambda: datetime.now(UTC), keep_requests: bool = True
    ) -> None:
        self.sent: list[Sent] = []
        self.asked: list[Asked] = []
        self.leads: dict[str, dict[str, object]] = {}
        self.lists_what_it_took = True
        self.ended: dict[str, tuple[str, int | None]] = {}  # what became of a text, by its SID; else it is queued
        self.now = now
        self._port, self._keep = port, keep_requests
        self._always: dict[str, Behaviour] = {}
        self._once: dict[str, deque[Behaviour]] = {
            "twilio": deque(),
            "sendgrid": deque(),
            "meta": deque(),
            "telegram": deque(),
            "slack": deque(),
        }
        self._ids = count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-provider", daemon=True)

    def __enter__(self) -> "FakeProvider":
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def once(self, vendor: str, *behaviours: Behaviour) -> None:
        """The next requests to send are treated like this, one after the other."""
        self._once[vendor].extend(behaviours)

    def always(self, vendor: str, behaviour: Behaviour) -> None:
        """All requests to send are treated like this from now on."""
        self._always[vendor] = behaviour

    def calls(self, vendor: str, method: str = "POST") -> int:
        """How many requests of this method came, taken or not."""
        return sum(asked.vendor == vendor and asked.method == method for asked in self.asked)

    def to(self, address: str) -> list[Sent]:
        """What was sent to this number or address."""
        return [sent for sent in self.sent if sent.to == address]

    def violations(self) -> list[str]:
        """What Twilio and SendGrid would have objected to in any request."""
        from tests.vendor_specs import faults  # the checker is slow to load, and not wanted in a benchmark

        known = [a for a in self.asked if a.vendor in ("twilio", "sendgrid")]
        return [fault for a in known for fault in faults(a.vendor, a.method, a.target, a.headers, a.body)]

    def report(self, sent: Sent, status: str, *, token: str, code: str | None = None, account: str = "") -> int:
        """Post a signed status callback about a text, as Twilio does; returns the answer's status."""
        form = {"MessageSid": sent.id, "SmsSid": sent.id, "MessageStatus": status, "To": sent.to, "ApiVersion": "2010-04-01"}
        form |= {"ErrorCode": code} if code else {}
        form |= {"AccountSid": account} if account else {}
        return post_signed(sent.callback, form, token)

    # --- the server -------------------------------------------------------------------------------------------------

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._connection, "127.0.0.1", self._port, backlog=512)

    async def _shut(self) -> None:
        self._server.close()
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(_vendor(target), method, target, headers, body)
        if self._keep:
            self.asked.append(asked)
        behaviour = self._behaviour(asked)
        status, answer, more = self._answer(asked, behaviour)
        if behaviour.hang:
            await asyncio.sleep(behaviour.hang)
        if behaviour.reset:
            writer.transport.abort()
            return False
        lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(answer)}"]
        lines += [f"{name}: {value}" for name, value in {**more, **behaviour.headers}.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer)
        await writer.drain()
        return headers.get("connection", "").lower() != "close"

    def _behaviour(self, asked: Asked) -> Behaviour:
        sends = asked.method == "POST" and asked.vendor in self._once or "/v25.0/" in asked.target
        if not sends:
            return ACCEPT
        waiting = self._once[asked.vendor]
        return waiting.popleft() if waiting else self._always.get(asked.vendor, ACCEPT)

    def _answer(self, asked: Asked, behaviour: Behaviour) -> tuple[int, bytes, dict[str, str]]:
        if asked.vendor == "control":
            return 200, json.dumps(self._control(asked), default=str).encode(), {}
        status, content, more = self._take(asked) if behaviour.accept else (0, {}, {})
        if behaviour.status:
            return behaviour.status, json.dumps(_error(asked.vendor, behaviour)).encode(), {}
        return status, json.dumps(content).encode() if content is not None else b"", more

    def _take(self, asked: Asked) -> tuple[int, object, dict[str, str]]:
        match asked.vendor, asked.method:
            case "twilio", "POST":
                return self._take_text(asked)
            case "twilio", _:
                return self._list_texts(asked)
            case "sendgrid", _:
                return self._take_mail(asked)
            case "telegram", _:
                return self._take_telegram(asked)
            case "slack", _:
                return self._take_slack(asked)
            case "meta", "POST":
                return self._take_answer(asked)
            case "meta", _:
                return self._tell_lead(asked)
        return 404, {"message": "nobody lives here"}, {}

    def _take_text(self, asked: Asked) -> tuple[int, object, dict[str, str]]:
        form = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
        sid = ("CA" if "/Calls" in asked.target else "SM") + f"{next(self._ids):032x}"
        callback = form.get("StatusCallback", "")
        sent = Sent(
            "twilio", sid, form.get("To", ""), form.get("Body", ""), self.now(), "", callback, callback.rpartition("/")[2], form
        )
        self.sent.append(sent)
        return 201, _text(sent) if sid.startswith("SM") else {"sid": sid, "status": "queued"}, {}

    def _list_texts(self, asked: Asked) -> tuple[int, object, dict[str, str]]:
        wanted = parse_qs(urlsplit(asked.target).query).get("To", [""])[0]
        sid = urlsplit(asked.target).path.rpartition("/")[2].removesuffix(".json")
        if "/Calls" in asked.target:
            return self._list_calls(wanted, asked)
        texts = [s for s in self.sent if s.vendor == "twilio" and s.id.startswith("SM")]
        if sid != "Messages":
            found = next((s for s in texts if s.id == sid), None)
            return (
                (200, {**_text(found), **self._end(found)}, {})
                if found
                else (404, {"code": 20404, "message": "not found", "status": 404}, {})
            )
        shown = [_text(s) for s in reversed(texts) if s.to == wanted or not wanted] if self.lists_what_it_took else []
        return 200, {"messages": shown, "page": 0, "page_size": 50, "next_page_uri": None, "uri": asked.target}, {}

    def _end(self, sent: Sent) -> dict[str, object]:
        status, code = self.ended.get(sent.id, ("queued", None))
        return {"status": status, "error_code": code}

    def _list_calls(self, wanted: str, asked: Asked) -> tuple[int, object, dict[str, str]]:
        calls = [s for s in reversed(self.sent) if s.id.startswith("CA") and s.to == wanted]
        shown = [
            {"sid": s.id, "to": s.to, "from": s.fields.get("From"), "direction": "outbound-api", "status": "queued",
             "date_created": format_datetime(s.at)}
            for s in (calls if self.lists_what_it_took else [])
        ]  # fmt: skip
        return 200, {"calls": shown, "page": 0, "page_size": 50, "next_page_uri": None, "uri": asked.target}, {}

    def _take_mail(self, asked: Asked) -> tuple[int, object, dict[str, str]]:
        mail = json.loads(asked.body)
        to = mail["personalizations"][0]["to"][0]["email"]
        marks = {**mail.get("custom_args", {}), **mail["personalizations"][0].get("custom_args", {})}
        plain = next(c["value"] for c in mail["content"] if c["type"] == "text/plain")
        mail_id, ours = f"mail{next(self._ids)}", str(marks.get("headroom_message_id", ""))
        self.sent.append(Sent("sendgrid", mail_id, to, plain, self.now(), mail.get("subject", ""), message_id=ours))
        return 202, None, {"X-Message-Id": mail_id}

    def _take_answer(self, asked: Asked) -> tuple[int, object, dict[str, str]]:
        said = json.loads(asked.body)
        message_id = f"m_{next(self._ids)}"
        if "messaging_product" in said:  # WhatsApp Cloud
            to = said.get("to") or said["recipient"]
            words = said["text"]["body"] if said["type"] == "text" else f"template {said['template']['name']}"
            self.sent.append(Sent("meta", message_id, to, words, self.now()))
            return (
                200,
                {"messaging_product": "whatsapp", "contacts": [{"input": to, "wa_id": to}], "messages": [{"id": message_id}]},
                {},
            )
        self.sent.append(Sent("meta", message_id, said["recipient"]["id"], said["message"]["text"], self.now()))
        return 200, {"recipient_id": said["recipient"]["id"], "message_id": message_id}, {}

    def _take_telegram(self, asked: Asked) -> tuple[int, object, dict[str, str]]:
        said = json.loads(asked.body)
        number = next(self._ids)
        self.sent.append(Sent("telegram", str(number), str(said["chat_id"]), said["text"], self.now()))
        return 200, {"ok": True, "result": {"message_id": number, "chat": {"id": said["chat_id"]}}}, {}

    def _take_slack(self, asked: Asked) -> tuple[int, object, dict[str, str]]:
        """chat.postMessage, chat.update, response_urls, and the history that a look-up reads."""
        method = asked.target.rpartition("/")[2]
        if method == "conversations.open":
            return 200, {"ok": True, "channel": {"id": "D" + json.loads(asked.body)["users"][1:]}}, {}
        if method == "conversations.history":
            channel = parse_qs(asked.body.decode())["channel"][0]
            kept = [json.loads(s.fields["said"]) for s in self.sent if s.vendor == "slack" and s.fields.get("channel") == channel]
            return 200, {"ok": True, "messages": list(reversed(kept)) if self.lists_what_it_took else []}, {}
        said = json.loads(asked.body)
        to = said.get("channel") or asked.target
        channel = "D" + to[1:] if to.startswith("U") else to
        ts = said.get("ts") or f"{int(self.now().timestamp())}.{next(self._ids):06}"
        blocks = {
            "blocks": json.dumps(said.get("blocks", [])),
            "method": method if asked.target.startswith("/api/") else "response",
        }
        kept = {"channel": channel, "ts": ts, "said": json.dumps({**said, "ts": ts}), **blocks}
        self.sent.append(Sent("slack", ts, to, said["text"], self.now(), fields=kept))
        return 200, {"ok": True, "channel": channel, "ts": ts}, {}

    def _tell_lead(self, asked: Asked) -> tuple[int, object, dict[str, str]]:
        found = self.leads.get(urlsplit(asked.target).path.rpartition("/")[2])
        if found is None:
            return 400, {"error": {"message": "Object does not exist", "code": 100, "error_subcode": 33}}, {}
        return 200, found, {}

    def _control(self, asked: Asked) -> object:
        if asked.target.startswith("/_script"):
            order = json.loads(asked.body)
            vendor, times = order.pop("vendor"), order.pop("times", None)
            behaviour = Behaviour(**order)
            self.once(vendor, *[behaviour] * times) if times else self.always(vendor, behaviour)
        if asked.target.startswith("/_log"):
            return [asdict(sent) for sent in self.sent]
        return {"sent": len(self.sent), "asked": len(self.asked)}


def post_signed(url: str, form: Mapping[str, str], token: str) -> int:
    """Post a form to our own web process as Twilio signs it; returns the answer's status."""
    signature, parts = twilio_signature(url, form, token), urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=10)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    try:
        connection.request("POST", parts.path, urlencode(form), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def twilio_signature(url: str, form: Mapping[str, str], token: str) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the address and the fields in the order of their names."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _vendor(target: str) -> str:
    if target.startswith("/_"):
        return "control"
    if target.startswith("/2010-04-01/"):
        return "twilio"
    if target.startswith(("/api/", "/actions/")):
        return "slack"
    if target.startswith("/bot"):
        return "telegram"
    return "sendgrid" if target.startswith("/v3/") else "meta"


def _text(sent: Sent) -> dict[str, object]:
    return {
        "sid": sent.id, "to": sent.to, "body": sent.body, "status": "queued", "date_created": format_datetime(sent.at),
        "date_updated": format_datetime(sent.at), "date_sent": None, "direction": "outbound-api", "num_segments": "1",
        "from": sent.fields.get("From"), "messaging_service_sid": sent.fields.get("MessagingServiceSid"), "error_code": None,
    }  # fmt: skip


def _error(vendor: str, behaviour: Behaviour) -> dict[str, object]:
    if vendor == "meta":
        return {"error": {"message": "no", "type": "OAuthException", "code": behaviour.code or 1}}
    if vendor == "slack":
        return {"ok": False, "error": behaviour.error or "internal_error"}
    if vendor == "telegram":
        described = {403: "Forbidden: bot was blocked by the user", 429: "Too Many Requests"}.get(
            behaviour.status, "Bad Request: chat not found"
        )
        return {"ok": False, "error_code": behaviour.status, "description": described, "parameters": {"retry_after": 7}}
    if vendor == "sendgrid":
        return {"errors": [{"message": "no", "field": None, "help": None}]}
    return {
        "code": behaviour.code or 20500,
        "message": "no",
        "status": behaviour.status,
        "more_info": "https://www.twilio.com/docs",
    }


def main() -> None:
    """Serve until killed; print the address."""
    options = argparse.ArgumentParser(description="A provider on loopback for benchmarks.")
    options.add_argument("--port", type=int, default=0)
    provider = FakeProvider(port=options.parse_args().port, keep_requests=False)
    with provider:
        print(provider.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
