"""Where runs, answers and events are kept: offline (dated runs), online (one version served), event log."""
