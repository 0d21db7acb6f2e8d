"""Online stores: one version of everybody's answers is served, the next is put beside it, a switch is atomic."""

from skillfirst.stores.online.address import open_online
from skillfirst.stores.online.base import DOCUMENT_NAME, OnlineMember, OnlineStore, Put, Snapshot

__all__ = ["DOCUMENT_NAME", "OnlineMember", "OnlineStore", "Put", "Snapshot", "open_online"]
