"""The commands. Each module holds one command or a small family; what is heavy is imported when a command runs."""
