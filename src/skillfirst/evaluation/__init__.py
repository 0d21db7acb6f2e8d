"""Evidence: metrics, off-policy estimates, replays; above the road, used by the command line alone."""
