"""What PHP makes of values: names in brackets, and lists that it serialized."""

import pytest

from webhooks import php
from webhooks.bodies import read_form


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
        (b"a=1&a=2&b=3", {"a": ["1", "2"], "b": "3"}),
        (b"b[x][y]=3&b[x][z]=4", {"b": {"x": {"y": "3", "z": "4"}}}),
        (b"a[1]=x&a[0]=y", {"a": {"1": "x", "0": "y"}}),  # only counted from 0 it is a list
        (b"c=4&c[z]=5", {"c": "4"}),
        (b"d[=6&=7&e[f=8", {"d": "6", "1": "7", "e": "8"}),
        (b"g" + b"[x]" * 5_000 + b"=9", None),
    ],
)
def test_names_in_brackets(body, value):
    made = php.fields_of(read_form(body, ""))
    assert made == value if value is not None else "9" in str(made)


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ('a:2:{i:0;s:3:"one";i:1;s:3:"two";}', ["one", "two"]),
        ('a:1:{i:0;a:2:{s:4:"Name";s:4:"Zoë";s:3:"Age";i:3;}}', ["Zoë"]),
        ('a:1:{i:0;s:6:"a";b:1";}', ['a";b:1']),
        ('a:3:{i:0;N;i:1;b:1;i:2;s:1:"x";}', ["x"]),
        ("a:0:{}", []),
        ('a:1:{i:0;s:3:"one";} and more', []),
        ('a:1:{i:0;s:99:"one";}', []),
        ('a:1:{i:0;O:8:"stdClass":0:{}}', []),
        ("a: a list", []),
        ("", []),
    ],
)
def test_lists_that_it_serialized(text, texts):
    assert php.serialized(text) == texts
