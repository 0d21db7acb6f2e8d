"""Steps by which the event log's tables in a database came to be; applied when the log is opened."""
