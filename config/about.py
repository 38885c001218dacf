"""What a sender says about a lead and not of the person: its id, its time, whether it is a test, which campaign brought it."""

from collections.abc import Mapping
from functools import lru_cache

from config import lead

_WORDS = {
    "external_id": "external_id externalid lead_id leadid leadgen_id submission_id submissionid response_id entry_id",
    "submitted_at": "submitted_at submittedat created_time created_at createdat date_created submission_date submit_time lead_submit_time timestamp"
    " submission_time lead_created_at lead_created_time time_created created_date",
    "is_test": "is_test istest is_test_lead test_lead testlead",
}
_CAMPAIGN = {
    "name": "campaign campaign_name campaignname", "id": "campaign_id campaignid", "ad_id": "ad_id adid creative_id", "ad_name": "ad_name adname creative_name",
    "adset_id": "adset_id adsetid ad_set_id", "adset_name": "adset_name ad_set_name", "adgroup_id": "adgroup_id ad_group_id adgroupid",
    "adgroup_name": "ad_group ad_group_name adgroup_name", "form_id": "form_id formid", "medium": "campaign_medium",
    "headline": "ad_headline headline", "ref": "ref",
}  # fmt: skip
_ABOUT = {theirs: ours for ours, names in _WORDS.items() for theirs in names.split()}
_CAMPAIGNS = {theirs: ours for ours, names in _CAMPAIGN.items() for theirs in names.split()}
_ID_MARKS = ("l:", "f:", "ag:", "as:", "c:")  # before ids in sheets exported from Facebook
_DUMMY = "<test lead"  # Facebook fills test leads in with "<test lead: dummy data for full_name>"


def last(name: str) -> str:
    """The end of a joined name, as other programs spell it: `Lead.Full Name` is full_name."""
    return name.rpartition(".")[2].strip().lower().replace(" ", "_").replace("-", "_")


@lru_cache(maxsize=2048)
def about_word(name: str) -> str:
    """external_id, submitted_at, is_test, or "" for anything else."""
    return _ABOUT.get(last(name), "")


@lru_cache(maxsize=2048)
def campaign_word(name: str) -> str:
    """What of a campaign this tells ("id", "name", "ad_id" ...): campaign_id, or `id` inside `campaign`. "" for anything else."""
    if lead.is_tracking(name):
        return ""
    above, _, end = name.rpartition(".")
    return _CAMPAIGNS.get(last(name)) or (_CAMPAIGNS.get(f"{last(above)}_{last(end)}", "") if above else "")


def bare_id(number: str) -> str:
    """Without the mark that Facebook's sheets write before ids."""
    return next((number[len(mark) :] for mark in _ID_MARKS if number.startswith(mark)), number)


def is_sheet_row(number: str) -> bool:
    """Is this id of a row one that Facebook gave its lead?"""
    return number.startswith("l:")


def is_dummy(values: Mapping[str, object]) -> bool:
    """Did the vendor make these words up for a test?"""
    return any(isinstance(value, str) and _DUMMY in value[:20].lower() for value in values.values())
