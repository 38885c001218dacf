"""Lead codes: what a rep types on a phone. One letter and a number, for ever unique: A1, B1 ... Z1, A2 ...

I and O are left out, since they read as 1 and 0.
"""

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def code_of(number: int) -> str:
    """The code of the lead with this number (1, 2, 3 ...)."""
    row, letter = divmod(number - 1, len(LETTERS))
    return f"{LETTERS[letter]}{row + 1}"


def number_of(code: str) -> int | None:
    """The number behind a code in any case, None when it is not a code."""
    text = code.strip().upper()
    letter, digits = text[:1], text[1:]
    if (
        not letter
        or letter not in LETTERS
        or not digits.isascii()
        or not digits.isdigit()
        or digits[0] == "0"
        or len(digits) > 12
    ):
        return None
    return (int(digits) - 1) * len(LETTERS) + LETTERS.index(letter) + 1
