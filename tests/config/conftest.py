"""A small firm's team file, and settings with no provider."""

import pytest

from config.settings import Settings

SMALL = """\
version: 1
site: {name: Acme, time_zone: America/Chicago}
hours:
  office:
    mon-fri: "09:00-17:00"
managers:
  - {id: kim, phone: "+15125550190", director: true}
reps:
  - id: priya
    phone: "+15125550111"
    cap: 12
    hours: office
  - id: tom
    phone: "+15125550112"
    hours: office
pools:
  sales:
    members: [priya, tom]
    hours: office
    managers: [kim]
slas:
  hot:
    clock: office
    accept_within: 2m
    first_response_within: 5m
    ladder:
      - {at: 75%, do: remind}
      - {at: 5m, do: tell, who: pool_managers}
sources:
  website:
    type: form
rules:
  - {id: rest, send_to: sales}
"""


@pytest.fixture
def small() -> str:
    """Eight parts, no fault and nothing odd; line numbers in the tests count in it."""
    return SMALL


@pytest.fixture
def settings() -> Settings:
    """No provider keys; CRM_SECRET is in the environment."""
    return Settings.read({"SECRET_KEY": "a key of enough letters", "CRM_SECRET": "open sesame, please"}, None, role="check")
