"""Asks an undercut server: answers, retries, idempotency, batches of any size."""

from undercut.client.answers import Answer, Progress, Ranked
from undercut.client.async_client import AsyncClient
from undercut.client.monthly import MonthUsage
from undercut.client.settings import ClientConfig
from undercut.client.sync_client import Client

__all__ = ["Answer", "AsyncClient", "Client", "ClientConfig", "MonthUsage", "Progress", "Ranked"]
