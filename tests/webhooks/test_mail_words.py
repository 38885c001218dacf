"""What is new in a mail, whatever program and language quoted the earlier ones; and how fast that is told of hostile mails."""

import time

import pytest

from webhooks.mail.markup import text_of
from webhooks.mail.words import new_words

ADDRESS = "Sales <sales@cole.example>"
ABOVE = {
    "gmail": f"On Tue, Nov 24, 2026 at 9:58 AM {ADDRESS} wrote:",
    "gmail, wrapped": "On Tue, Nov 24, 2026 at 9:58 AM Cole Heating and Cooling Sales <\nsales@cole.example> wrote:",
    "gmail, two wraps": "On Tue, Nov 24, 2026 at 9:58 AM Cole Heating\nand Cooling Sales\n<sales@cole.example> wrote:",
    "apple": f"On 24 Nov 2026, at 09:58, {ADDRESS} wrote:",
    "yahoo": f"On Tuesday, November 24, 2026 at 09:58:00 AM CST, {ADDRESS} wrote:",
    "outlook mac": 'On 11/24/26, 9:58 AM, "Sales" <sales@cole.example> wrote:',
    "thunderbird": "On 11/24/26 09:58, Sales wrote:",
    "german": f"Am Di., 24. Nov. 2026 um 09:58 Uhr schrieb {ADDRESS}:",
    "german, thunderbird": "Am 24.11.26 um 09:58 schrieb Sales:",
    "french": f"Le mar. 24 nov. 2026 à 09:58, {ADDRESS} a écrit :",
    "spanish": "El mar, 24 nov 2026 a las 9:58, Sales (<sales@cole.example>) escribió:",
    "italian": f"Il giorno mar 24 nov 2026 alle ore 09:58 {ADDRESS} ha scritto:",
    "dutch": f"Op di 24 nov 2026 om 09:58 schreef {ADDRESS}:",
    "portuguese": f"Em ter., 24 de nov. de 2026 às 09:58, {ADDRESS} escreveu:",
    "polish": f"wt., 24 lis 2026 o 09:58 {ADDRESS} napisał(a):",
    "polish, older": f"W dniu 24.11.2026 o 09:58, {ADDRESS} pisze:",
    "swedish": f"Den tis 24 nov. 2026 kl 09:58 skrev {ADDRESS}:",
    "danish": f"Den tirs. 24. nov. 2026 kl. 09.58 skrev {ADDRESS}:",
    "norwegian": f"tir. 24. nov. 2026 kl. 09:58 skrev {ADDRESS}:",
    "finnish": "ti 24. marrask. 2026 klo 9.58 Sales (sales@cole.example) kirjoitti:",
    "czech": f"út 24. 11. 2026 v 9:58 odesílatel {ADDRESS} napsal:",
    "hungarian": f"{ADDRESS} ezt írta (időpont: 2026. nov. 24., K, 9:58):",
    "romanian": f"În mar., 24 nov. 2026 la 09:58, {ADDRESS} a scris:",
    "turkish": f"{ADDRESS}, 24 Kas 2026 Sal, 09:58 tarihinde şunu yazdı:",
    "russian": f"вт, 24 нояб. 2026 г. в 09:58, {ADDRESS}:",
    "russian, apple": "24 нояб. 2026 г., в 9:58, Sales <sales@cole.example> написал(а):",
    "ukrainian": f"вт, 24 лист. 2026 р. о 09:58 {ADDRESS} пише:",
    "japanese": f"2026年11月24日(火) 9:58 {ADDRESS}:",
    "chinese": f"{ADDRESS} 于2026年11月24日周二 09:58写道：",
    "korean": f"2026년 11월 24일 (화) 오전 9:58, {ADDRESS}님이 작성:",
    "hebrew": "‫בתאריך יום ג׳, 24 בנוב׳ 2026 ב-9:58 מאת Sales‏ <‪sales@cole.example‬‏>:‬".rstrip("‬"),
    "vietnamese": f"Vào Th 3, 24 thg 11, 2026 vào lúc 9:58 {ADDRESS} đã viết:",
    "indonesian": f"Pada tanggal Sel, 24 Nov 2026 pukul 09.58 {ADDRESS} menulis:",
}  # fmt: skip
HEADERS = {
    "outlook": "From: Sales <sales@cole.example>\nSent: Tuesday, November 24, 2026 9:58 AM\nTo: Dana Cole <dana@example.com>\nSubject: Re: Roof",
    "outlook, ruled": "________________________________\nFrom: Sales <sales@cole.example>\nSent: Tuesday\nTo: Dana\nSubject: Re: Roof",
    "bold": "*From:* Sales <sales@cole.example>\n*Sent:* Tuesday\n*To:* Dana\n*Subject:* Roof",
    "german": "Von: Sales <sales@cole.example>\nGesendet: Dienstag, 24. November 2026 09:58\nAn: Dana\nBetreff: Dach",
    "french": "De : Sales <sales@cole.example>\nEnvoyé : mardi 24 novembre 2026 09:58\nÀ : Dana\nObjet : Toit",
    "spanish": "De: Sales <sales@cole.example>\nEnviado: martes\nPara: Dana\nAsunto: Techo",
    "portuguese": "De: Sales\nEnviada em: terça\nPara: Dana\nAssunto: Telhado",
    "italian": "Da: Sales\nInviato: martedì\nA: Dana\nOggetto: Tetto",
    "dutch": "Van: Sales\nVerzonden: dinsdag\nAan: Dana\nOnderwerp: Dak",
    "swedish": "Från: Sales\nSkickat: tisdag\nTill: Dana\nÄmne: Tak",
    "danish": "Fra: Sales\nSendt: tirsdag\nTil: Dana\nEmne: Tag",
    "polish": "Od: Sales\nWysłano: wtorek\nDo: Dana\nTemat: Dach",
    "russian": "От: Sales\nОтправлено: вторник\nКому: Dana\nТема: Крыша",
    "chinese": "发件人: Sales\n发送时间: 2026年11月24日\n收件人: Dana\n主题: 屋顶",
    "japanese": "差出人: Sales\n送信日時: 2026年11月24日\n宛先: Dana\n件名: 屋根",
    "original": "-----Original Message-----\nFrom: Sales\nold",
    "original, german": "-----Ursprüngliche Nachricht-----\nVon: Sales",
    "original, chinese": "------------------ 原始邮件 ------------------\n发件人: Sales",
    "original, polish": "---- Wiadomość oryginalna ----\nsales",
}
SAID = "Yes, Friday at 10:00 suits us.\nDana"


@pytest.mark.parametrize("above", ABOVE.values(), ids=ABOVE)
@pytest.mark.parametrize("quoted", ["> When may we come?\n> Sales", "\n> When may we come?", "When may we come?\n\nSales"])
def test_what_a_program_quoted_below_is_cut(above, quoted):
    assert new_words(f"{SAID}\n\n{above}\n{quoted}") == SAID
    assert new_words(f"{SAID}\n{above}\n\n{quoted}\n") == SAID


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_what_outlook_quoted_below_its_headers_is_cut(headers):
    assert new_words(f"{SAID}\n\n{headers}\n\nWhen may we come?") == SAID


@pytest.mark.parametrize("above", ABOVE.values(), ids=ABOVE)
def test_words_below_a_quotation_are_new_as_well(above):
    assert new_words(f"{above}\n> When?\n\nFriday.") == "Friday."


@pytest.mark.parametrize(
    "text",
    [
        "My neighbour wrote me the following:\nyour roofs leak. True?",
        "In 2025 you wrote us an offer, it says:\n9,000 for the roof",
        "Please answer these:\n1. When?\n2. How much?",
        "Call me from 9:00:\n512 555 0143",
        "From: the old house\nTo: the new one, we need heat pumps",
        "A: yes\nB: no",
        "Dear Sales,\n\nwe live at Am Wald 5.\nWir haben 2026 gebaut:\nzwei Häuser",
        "I use <b>bold</b> at dana@example.com:\nno",
        "---\nA line I drew\n---\nand more",
    ],
)
def test_a_persons_own_sentences_stay(text):
    assert new_words(text) == text


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone", "Sent from my Samsung Galaxy smartphone.", "Get Outlook for iOS", "Sent from Yahoo Mail on Android", "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone", "Enviado desde mi iPhone", "Enviado do meu iPhone", "Inviato da iPhone", "Verstuurd vanaf mijn iPhone", "Skickat från min iPhone",
        "Отправлено с iPhone", "iPhoneから送信", "从我的iPhone发送", "发自我的iPhone",
    ],
)  # fmt: skip
def test_a_device_that_speaks_of_itself_is_cut(line):
    assert new_words(f"Yes\n\n{line}") == "Yes"
    assert new_words(f"Yes\n\n{line}\n\nOn Tue, Nov 24, 2026 at 9:58 AM {ADDRESS} wrote:\n> old") == "Yes"
    assert new_words(line) == line


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('<div dir="ltr">Yes</div><br><div class="gmail_quote gmail_quote_container"><div class="gmail_attr">On Tue x wrote:</div><blockquote>old</blockquote></div>', "Yes"),
        ('<p>Yes</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Sales<br><b>Sent:</b> x</div><div><p>old words</p></div>', "Yes"),
        ('<p>Yes</p><hr><div id="divRplyFwdMsg">From: Sales</div><div>old words</div>', "Yes"),
        ('<div>Yes</div><div id="mail-editor-reference-message-container"><p>old</p></div>', "Yes"),
        ('<div>Yes</div><div class="yahoo_quoted"><div>On Tue Sales wrote</div>old</div>', "Yes"),
        ('<p>Yes</p><div class="moz-cite-prefix">On 11/24/26 Sales wrote:</div><blockquote type="cite">old</blockquote>', "Yes"),
        ('<p>Yes</p><div class="protonmail_quote">old</div>', "Yes"),
        ('<div>Ja</div><div name="quote" style="x">Gesendet: x<br>alt</div>', "Ja"),
        ('<div>好</div><div class="qmQuote">old</div>', "好"),
        ('<div class="gmail_quote">---------- Forwarded message ---------<br>I need a roof</div>', "---------- Forwarded message ---------\nI need a roof"),
        ("<blockquote>All I say is quoted</blockquote>", "All I say is quoted"),
        ('<div id="divRplyFwdMsg">From: Dana</div><div>forwarded alone</div>', "From: Dana\n\nforwarded alone"),
        ("<p>a</p><p></p><p></p><p></p><p>b</p>", "a\n\nb"),
        ("<table><tr><td>Name</td><td>Dana</td></tr><tr><td>Phone</td><td>512</td></tr></table>", "NameDana\n\nPhone512"),
        ("Tom &amp; Jerry &lt;3 &#8364;5&nbsp;&eacute;", "Tom & Jerry <3 €5 é"),
        ("<p>unclosed <b>bold<p>next", "unclosed bold\nnext"),
        ("", ""),
    ],
)  # fmt: skip
def test_html_without_what_its_program_marked_as_old(html, said):
    assert text_of(html) == said


HOSTILE = ["<" + "@" * 200_000, "On " + "a" * 200_000, "wrote " * 33_000, "On 2026 wrote\n" * 14_000, "On x <a@b> 2026 wrote\n" * 9_000, ">" * 200_000, "\n" * 200_000,
           "From: x\n" * 25_000, "-" * 200_000, " \t" * 100_000, "On 1:00\n\n" * 20_000, "<a@b>:\n" * 28_000]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:12].strip() or "blanks" for text in HOSTILE])
def test_a_hostile_mail_is_read_in_time(text):
    began = time.process_time()
    new_words(text[:200_000])
    text_of(f"<div>{text[:200_000]}")
    text_of("<div class='gmail_quote'>" * 8_000)
    assert time.process_time() - began < 4
