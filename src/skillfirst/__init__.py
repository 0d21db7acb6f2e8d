"""skillfirst recommends courses to people by their skills."""

__version__ = "0.1.0"
