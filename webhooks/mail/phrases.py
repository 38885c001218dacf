"""How mail programs write above what they quote, in the languages that people write to us in.

Facts gathered from mails of Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, GMX and others. A line counts only together with what
else such a line has: a date, an address, a block of headers.
"""

import re

# "On Tue, 3 Feb 2026, Sales <sales@example.com> wrote:" begins or ends with a word of its language
_BEGIN = r"On|Am|Le|El|Il|Op|Em|Den|W dniu|Dnia|Dne|În|Pada|Vào|Στις"
LONGEST = 500  # characters; a longer line is no line above a quotation
_VERBS = (
    "wrote", "schrieb", "geschrieben", "a écrit", "écrit", "escribió", "va escriure", "ha scritto", "schreef", "geschreven", "escreveu",
    "skrev", "napisał", "napisał(a)", "napisała", "pisze", "kirjoitti", "napsal", "napsal(a)", "napísal", "ezt írta", "írta", "a scris",
    "şunu yazdı", "yazdı", "menulis", "đã viết", "έγραψε", "написал", "написал(а)", "написала", "пишет", "написав", "пише", "写道", "寫道",
    "作成", "님이 작성", "작성", "のメール", "כתב", "كتب",
)  # fmt: skip
_VERB = "|".join(re.escape(verb) for verb in sorted(_VERBS, key=len, reverse=True))
_COLON = "[:：]"
_BEGUN = re.compile(rf"^(?:{_BEGIN})\b", re.IGNORECASE)
_WITH_VERB = re.compile(rf"^.{{4,300}}?(?:{_VERB})(?!\w).{{0,120}}?\s*{_COLON}\s*$", re.IGNORECASE | re.DOTALL)
_WITH_ADDRESS = re.compile(rf"^.{{0,300}}<[^<>\s]+@[^<>\s]+>.{{0,80}}{_COLON}\s*$", re.DOTALL)
_DATED = re.compile(r"\b20\d\d\b|20\d\d[年.]|\b\d{1,2}[:.h]\d\d\b|\d{1,2}[/.-]\d{1,2}[/.-]\d\d")
_YEAR = re.compile(r"\b20\d\d\b|20\d\d[年.]")
_ADDRESS = re.compile(r"[^\s<>]@[^\s<>]")

_ORIGINAL = re.compile(
    r"^\s*[-_*]{2,}\s*(?:original message|original appointment|ursprüngliche nachricht|originalnachricht|message d'origine|message original|mensaje original|"
    r"messaggio originale|oorspronkelijk bericht|mensagem original|ursprungligt meddelande|oprindelig meddelelse|opprinnelig melding|"
    r"alkuperäinen viesti|(?:oryginalna wiadomość|wiadomość oryginalna)|původní zpráva|eredeti üzenet|mesaj original|orijinal mesaj|"
    r"исходное сообщение|оригінальне повідомлення|原始邮件|原始郵件|元のメッセージ|원본 메시지|ursprünglicher termin)\s*[-_*]{2,}\s*$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"^\s*\**(?:From|Von|De|Da|Van|Från|Fra|Lähettäjä|Od|Odesílatel|Feladó|De la|Kimden|Dari|Từ|Από|От|Від|发件人|寄件者|差出人|보낸 사람|מאת|من)\s*[:：]\**\s*\S",
    re.IGNORECASE,
)
_NEXT = re.compile(
    r"^\s*\**(?:Sent|Date|To|Cc|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado(?: el)?|Fecha|Data|Para|Asunto|Assunto|Inviato|A|Oggetto|"
    r"Verzonden|Aan|Onderwerp|Skickat|Till|Kopia|Ämne|Sendt|Til|Emne|Lähetetty|Vastaanottaja|Aihe|Wysłano|Do|Temat|Odesláno|Komu|Předmět|"
    r"Elküldve|Címzett|Tárgy|Trimis|Către|Subiect|Gönderildi|Gönderme Tarihi|Kime|Konu|Отправлено|Дата|Кому|Тема|Надіслано|发送时间|日期|收件人|主题|"
    r"寄件日期|收件者|主旨|送信日時|日付|宛先|件名|보낸 날짜|날짜|받는 사람|제목)\s*[:：]",
    re.IGNORECASE,
)
_SENT_FROM = re.compile(
    r"^\s*(?:sent from (?:my|a|yahoo|outlook|mail|proton|samsung)|sent (?:via|with|using) \w+|get outlook for|download outlook|"
    r"von meinem .{2,60} gesendet|gesendet (?:von|mit) |diese nachricht wurde von meinem|envoyé (?:de(?:puis)? mon|à partir|depuis)|"
    r"enviado desde|enviado do meu|inviato da|verzonden (?:vanaf|met|via|van) |verstuurd vanaf|skickat från|sendt fra|lähetetty \w+stä|"
    r"wysłane z|отправлено (?:с|из)|iphoneから送信|从我的.{2,30}发送|发自我的)",
    re.IGNORECASE,
)


def quotes(line: str, *, marked: bool) -> bool:
    """Is this the line above a quotation (`marked`: with > before its lines)? A sentence of theirs may end in "wrote:" as well.

    So it names when or whose address it was, and more so where it begins like none that a program writes.
    """
    if len(line) > LONGEST or line.rstrip()[-1:] not in (":", "："):
        return False
    if not _WITH_VERB.match(line):
        return bool(_WITH_ADDRESS.match(line) and _DATED.search(line))
    has_address = bool(_ADDRESS.search(line))
    return has_address or ((marked or bool(_BEGUN.match(line))) and bool(_DATED.search(line)))


def is_wrapped(lines: list[str]) -> bool:
    """Are these lines one line above a quotation that was too long? Else words of their own stand before it."""
    whole = any(
        quotes(" ".join(lines[n:]).strip(), marked=True) and _DATED.search(" ".join(lines[n:])) for n in range(1, len(lines))
    )
    return not whole and bool(_BEGUN.match(lines[0]) or _YEAR.search(lines[0]))


def is_original(line: str) -> bool:
    """-----Original Message-----, in any language."""
    return bool(_ORIGINAL.match(line))


def begins_headers(line: str, following: list[str]) -> bool:
    """Does a block of From, Sent, To, Subject begin here? `following` are the next lines, five or so."""
    return bool(_FROM.match(line)) and sum(bool(_NEXT.match(each)) for each in following) >= 2


def is_from_a_device(line: str) -> bool:
    """ "Sent from my iPhone", in any language."""
    return len(line) < 120 and bool(_SENT_FROM.match(line))
