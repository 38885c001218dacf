"""A lead's own words as the flat fields that rules and messages name."""

from store.records import flat


def test_groups_are_dotted_and_lists_are_one_line():
    content = {
        "company": "Cole Ltd",
        "utm": {"source": "bing"},
        "campaign": {"id": "9007199254740993"},
        "extra": {"services": ["Roof", "Gutters"], "employees": 140, "company": "not this one"},
    }
    assert flat(content) == {
        "company": "Cole Ltd",
        "utm.source": "bing",
        "campaign.id": "9007199254740993",
        "services": "Roof, Gutters",
        "employees": "140",
    }
