"""A rep's mail ends with their own number and address, put there by their mail program: the lead is to see neither."""

TAIL = 8  # lines at the end that can be a signature
LEAST_DIGITS = 7  # of a number written without its country or area


def without_own_lines(words: str, phone: str | None, email: str | None) -> str:
    """The words without the lines at their end that hold the writer's own number or address. What stands in the text was meant."""
    lines = words.rstrip().split("\n")
    body, tail = lines[:-TAIL], lines[-TAIL:]
    kept = [line for line in tail if not _is_own(line, phone or "", (email or "").lower())]
    return "\n".join([*body, *kept]).rstrip()


def _is_own(line: str, phone: str, email: str) -> bool:
    if email and email in line.lower():
        return True
    digits, own = "".join(filter(str.isdigit, line)), "".join(filter(str.isdigit, phone))
    return len(digits) >= LEAST_DIGITS and len(own) >= LEAST_DIGITS and (own.endswith(digits.lstrip("0")) or own in digits)
