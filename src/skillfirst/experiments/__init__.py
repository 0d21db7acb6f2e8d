"""Experiments: who is in which arm, who was exposed, and what can honestly be read from it."""
