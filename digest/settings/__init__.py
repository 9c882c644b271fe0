"""The settings: TOML files and environment in, one frozen `Settings` out, or every problem with its place.

This room finds and reads configuration and judges each setting. It does not read keywords, open the store or talk to a
server; it holds no global and reads nothing at import.
"""

from digest.settings.loading import Settings, find_config, load
from digest.settings.sections import (
    DeliverySettings,
    DigestSettings,
    DkimSettings,
    ProfileSettings,
    ScheduleSettings,
    SiteSettings,
    SmtpSettings,
    SourceSettings,
    StoreSettings,
    SubscriberSettings,
    WebSettings,
    cadence_of,
)
from digest.settings.tables import Place
from digest.settings.values import dns_name, time_zones
from digest.settings.wording import explain

__all__ = [
    "DeliverySettings",
    "DigestSettings",
    "DkimSettings",
    "Place",
    "ProfileSettings",
    "ScheduleSettings",
    "Settings",
    "SiteSettings",
    "SmtpSettings",
    "SourceSettings",
    "StoreSettings",
    "SubscriberSettings",
    "WebSettings",
    "cadence_of",
    "dns_name",
    "explain",
    "find_config",
    "load",
    "time_zones",
]
