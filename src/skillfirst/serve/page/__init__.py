"""The page: what a person sees, rendered on the server, working by keyboard, in five languages."""
