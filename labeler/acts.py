"""What people can ask the labeler to do."""

SETTLE = "settle-labels"  # give a pull request its ticket's labels although somebody has changed them
