"""Ready rules of redaction: how e-mail addresses, phone numbers, cards, accounts, addresses and keys are found in text.

A pattern finds what may be one; a check digit or a way of writing says which parts of it are.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from judgekit.records.redaction import ReadyRule

Parts = Callable[[str], Iterator[tuple[int, int]]]
"""From a match to the parts of it that are meant."""


def all_of_it(text: str) -> Iterator[tuple[int, int]]:
    """Yield a match as a whole."""
    yield 0, len(text)


def _if(is_meant: Callable[[str], bool]) -> Parts:
    """Return what takes a match as a whole, or not at all."""
    return lambda text: iter([(0, len(text))] if is_meant(text) else [])


def _wherever(is_meant: Callable[[str], bool], most: int) -> Parts:
    """Return what looks between all ends of words, longest first: one number may stand right behind another."""

    def parts(text: str) -> Iterator[tuple[int, int]]:
        starts = [found.start() for found in re.finditer(r"(?<![^\W_])[^\W_]", text)]
        ends = [found.end() for found in re.finditer(r"[^\W_](?![^\W_])", text)]
        done = 0
        for low in starts:
            within = [high for high in reversed(ends) if low < high <= low + most]
            high = next((high for high in within if low >= done and is_meant(text[low:high])), None)
            if high is not None:
                done = high
                yield low, high

    return parts


def _is_phone(text: str) -> bool:
    """Whether so many digits are written as people write phone numbers: with a plus, a zero in front, or in groups."""
    digits = re.sub(r"\D", "", text)
    is_date = re.fullmatch(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}", text) is not None
    is_decimal = re.fullmatch(r"\d{1,2}\.\d+", text) is not None
    is_grouped = re.search(r"\d[ ./()-]+\d", text) is not None
    return 7 <= len(digits) <= 15 and not (is_date or is_decimal) and (text[0] in "+0(" or is_grouped)


def _is_card(text: str) -> bool:
    """Whether the check digit fits (Luhn 1960)."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """Whether the check digits fit (ISO 13616: the number modulo 97 is 1)."""
    bare = re.sub(r"[ -]", "", text).upper()
    if re.fullmatch(r"[A-Z]{2}[0-9]{2}[0-9A-Z]+", bare) is None:
        return False
    return 15 <= len(bare) <= 34 and int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_D = "[0-9]"
READY: dict[ReadyRule, tuple[str, Parts]] = {
    "email": (r"[\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", all_of_it),
    "phone": (rf"(?<![\w.])(?:\+|00)?\(?{_D}(?:[ ./()-]{{0,2}}{_D}){{6,14}}(?!\w)", _if(_is_phone)),
    "card": (rf"(?<!{_D}){_D}(?:[ -]?{_D}){{12,200}}(?!{_D})", _wherever(_is_card, 40)),
    "iban": (
        r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,200}(?![A-Za-z0-9])",
        _wherever(_is_iban, 60),
    ),
    "ip": (rf"(?<![\w.:])(?:{_D}{{1,3}}(?:\.{_D}{{1,3}}){{3}}|[0-9A-Fa-f:]{{2,39}})(?![\w:])", _if(_is_ip)),
    "key": (
        r"\b(?:sk|pk|rk)[-_][\w-]{16,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bgh[pousr]_\w{30,}"
        r"|\bxox[abprs]-[\w-]{10,}|\bhf_\w{30,}|\bgsk_\w{30,}|\bglpat-[\w-]{16,}|\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}"
        r"|(?i:\bbearer\s{1,4}[\w.~+/=-]{16,})|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*",
        all_of_it,
    ),
}
"""Ready rules: what to search, and which parts of a match are meant."""
