"""The append-only event log: what members did, each event once, nothing acknowledged is ever lost."""

from skillfirst.stores.event_log.checking import Rejected, check_event
from skillfirst.stores.event_log.log import Accepted, EventLog, Overloaded, Verified

__all__ = ["Accepted", "EventLog", "Overloaded", "Rejected", "Verified", "check_event"]
