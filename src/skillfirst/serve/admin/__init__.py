"""The manager's view: runs, coverage, carousels by context, and why a course is shown to somebody or not."""
