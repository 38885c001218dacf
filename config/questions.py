"""What the questions of strangers' forms ask for: by the team file's mapping, by their type, by their words, by what was answered."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from config import normal
from config.consent import agrees, plain
from config.fields import our_name

OURS = ("email", "phone", "company", "first_name", "last_name", "name", "message")
_PERSON = ("name", "first_name", "last_name")
_TOLD_BY_VALUE = ("email", "phone")  # a value that is none of these speaks against it
_LONGEST_LABEL = 80  # characters; a longer one is a question in which "name" or "phone" may mean anything

# in the order in which they are tried; without accents, in lower case, a blank for every mark between words
_WORDS = {
    "email": r"e ?mail|\bmail\b|correo|courriel|e ?post\b|e ?posta\b|メール|邮箱|電郵|郵箱|이메일|почт|электронн",
    "phone": r"phone|\bmobiel|\bmobile?\b|\bcell\b|\btel\b|telef|celular|\bmovil\b|\bhandy|\bgsm\b|rufnummer|whats ?app|contact (?:number|no)\b|"
    r"\bportable\b|cellulare|puhelin|telefone|電話|携帯|电话|手机|전화|휴대|телефон|call you\b",
    "company": r"company|organi[sz]ation|business name|employer|\bfirm[ay]?\b|firmenname|unternehmen|empresa|societe|entreprise|azienda|bedrijf|"
    r"foretag|virksomhed|sirket|社名|会社|公司|회사|компани|организац",
    "name": r"(?:first|vor|voor|given) ?(?:name)?,? (?:and|und|en|&|\+) ?(?:last|nach|achter|family) ?(?:name|naam)|nombres? y apellidos?|"
    r"nom (?:et|&) prenom|prenom (?:et|&) nom|nome e (?:cognome|sobrenome|apelido)|cognome e nome|imie i nazwisko|имя и фамилия|\bфио\b|ad soyad|"
    r"氏名|お?名前|姓名|이름|성함",
    "first_name": r"first ?name|given ?name|forename|vorname|prenom|nombre de pila|voornaam|primeiro nome|fornamn|fornavn|etunimi|^imie\b|^имя\b|^名$|^first$",
    "last_name": r"last ?name|surname|family ?name|nachname|familienname|zuname|nom de famille|apellido|achternaam|cognome|sobrenome|apelido|"
    r"efternamn|etternavn|efternavn|sukunimi|nazwisko|soyad|фамили|^姓$|^苗字$|^last$",
    "_name": r"^(?:(?:your|the|full|complete|contact|customer|client|lead|guest|homeowner|owner|what is your|what's your|ihr|dein|vollstandiger|tu|su|"
    r"votre|seu|il tuo|uw|je) )*(?:full )?names?\b|\bfull ?name\b|^nombre\b|^nom\b|^naam\b|^nome\b|^namn\b|^navn\b|^nimi\b|^isim\b",
    "message": r"message|comment|inquiry|enquiry|nachricht|mitteilung|anliegen|mensaje|bericht\b|messaggio|mensagem|meddelande|besked|wiadomosc|mesaj|"
    r"anything else|how can|how may we|tell us|details|describe|^(?:your|my) question|additional info|\bnotes?\b|\bfeedback\b|\btextarea\b|requirements\b|\bremarks?\b|^(?:your |my )?query$|bemerkung|anmerkung|"
    r"commentaire|comentario|内容|メッセージ|要望|質問|相談|留言|메시지|문의|сообщени|комментари",
}  # fmt: skip
_MEANT = {ours: re.compile(plain(words)) for ours, words in _WORDS.items()}
_OTHER_NAMES = re.compile(
    r"(?:product|project|domain|pet|street|user|form|page|campaign|event|file|school|ad|adset|plan|brand|model|site|list|service) names?\b"
)
# of what stands around such a word: "company size", "message id", "name of the product" ask for something else
_OF_THINGS = re.compile(r"^(?:number|names?) of\b")
_ABOUT_IT = re.compile(
    r"\b(?:ids?|type|kind|count|status|url|link|web ?site|size|date|time|format|language|source|industry|sector|code|preference|method|revenue|"
    r"address|title|consent|opt ?in|verified|valid)$"
)
_PHONE = re.compile(r"[+(]?[0-9][0-9 ().+/-]{6,22}")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
_PERSON_NAME = re.compile(r"[^\W\d_]+(?:[ '’.-]+[^\W\d_]+){1,3}\.?")
_UNLABELLED = re.compile(
    r"^$|^no label|^(?:field|input|text|untitled)[ _-]?\w{0,10}$|^q?\d+(?:\.\d+)?$|^type ?a ?\d*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its answer. `name` is what it is kept under; `also` are further names by which a team file may map it.

    `means` is what its type says ("" for nothing; "extra" for certainly none of ours); `label` the words shown, where they are
    not the name.
    """

    name: str
    value: object
    means: str = ""
    also: tuple[str, ...] = ()
    label: str = ""


def sorted_out(
    asked: Sequence[Asked], theirs: Mapping[str, str], *, region: str, guess: bool = False
) -> list[tuple[str, object, bool]]:
    """(our name or theirs, value, whether its name may be one of ours) of each question, in order; no name of ours is given twice.

    `theirs` maps our names to the sender's. With `guess`, questions whose words say nothing are told by their answers.
    """
    sorting = _Sorting(asked, theirs)
    sorting.take(lambda each, _: "" if each.name[-1:].isdigit() else _exactly(each.name), needs_value=False)
    sorting.take(lambda each, _: _exactly(each.name), needs_value=False)  # "email2" where there is no "email"
    sorting.take(lambda each, said: _fitting(meaning(each.label or each.name), said, region))
    if guess:
        sorting.guess(region)
    return [
        (each.name if means in ("", "extra") else means, each.value, means != "extra")
        for each, means in zip(asked, sorting.means, strict=True)
    ]


@lru_cache(maxsize=2048)
def meaning(label: str) -> str:
    """What the words of a question ask for: one of OURS, or "" where they do not say."""
    if len(label) > _LONGEST_LABEL:
        return ""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", label)
    bare = re.sub(r"[\s_*:.\-\[\]()/?¿!#]+", " ", plain(parted)).strip()
    if agrees(label) or _OTHER_NAMES.search(bare):
        return ""
    ours = next((ours.lstrip("_") for ours, words in _MEANT.items() if words.search(bare)), "")
    if ours in _TOLD_BY_VALUE or not ours:
        return ours
    asks_about_it = (ours == "company" or len(bare.split()) <= 3) and _ABOUT_IT.search(bare)
    return "" if asks_about_it or (ours != "company" and _OF_THINGS.search(bare)) else ours


def looks_like_phone(text: str, region: str) -> bool:
    """Is it surely a telephone number, and no date, amount or postcode?"""
    bare = text.strip()
    if not _PHONE.fullmatch(bare) or _DATE.fullmatch(bare):
        return False
    digits = sum(map(str.isdigit, bare))
    return (digits >= 9 or not bare.isdigit()) and normal.phone(bare, region) is not None


class _Sorting:
    """The questions while it is found out what each means; the first that says something is meant, further ones keep their names."""

    def __init__(self, asked: Sequence[Asked], theirs: Mapping[str, str]) -> None:
        """What the team file maps wins over a type."""
        self.asked, self.texts = asked, [_text(each.value) for each in asked]
        self.means = [_mapped(each, theirs) for each in asked] if theirs else [""] * len(asked)
        self.taken = {means for means, said in zip(self.means, self.texts, strict=True) if means and said}
        self.take(lambda each, _: each.means, needs_value=False)

    def take(self, ask: Callable[[Asked, str], str], *, needs_value: bool = True) -> None:
        """Ask those whose meaning is not known yet, in order."""
        for number, (each, said) in enumerate(zip(self.asked, self.texts, strict=True)):
            means = "" if self.means[number] or (needs_value and not said) else ask(each, said)
            if means and (means == "extra" or means not in self.taken):
                self.means[number] = means
                self.taken |= {means} if said and means != "extra" else set()

    def guess(self, region: str) -> None:
        """By what was answered, where no words said it."""
        first = next((number for number, said in enumerate(self.texts) if said), -1)
        named = any(means in _PERSON for means in self.means)
        self.take(lambda _, said: "email" if "@" in said and normal.email(said) else "")
        self.take(lambda _, said: "phone" if looks_like_phone(said, region) else "")
        if not named and first >= 0 and self._is_unlabelled(first) and _PERSON_NAME.fullmatch(self.texts[first]):
            self.means[first] = self.means[first] or "name"
        spoken = [number for number, said in enumerate(self.texts) if len(said.split()) > 1 and self._is_unlabelled(number)]
        spoken = [number for number in spoken if not self.means[number]]
        if spoken and "message" not in self.means:
            self.means[max(spoken, key=lambda number: len(self.texts[number]))] = "message"

    def _is_unlabelled(self, number: int) -> bool:
        return bool(_UNLABELLED.match(self.asked[number].label or self.asked[number].name))


def _mapped(asked: Asked, theirs: Mapping[str, str]) -> str:
    names = {asked.name, *asked.also}
    return next((ours for ours, their_name in theirs.items() if their_name in names), "")


@lru_cache(maxsize=2048)
def _exactly(name: str) -> str:
    ours = our_name(name)
    return ours if ours in OURS else ""


def _fitting(means: str, said: str, region: str) -> str:
    """A question about a phone that was answered "after six" asks for none."""
    if means == "email":
        return means if normal.first_email(said) else ""
    if means == "phone":
        return means if normal.first_phone(said, region) else ""
    return means


def _text(value: object) -> str:
    """A list of one is what is in it."""
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value
    return str(alone).strip() if isinstance(alone, str | int) and not isinstance(alone, bool) else ""
