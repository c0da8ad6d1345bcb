"""The labeler's job, and what people can ask it to do."""

JOB = "label_pulls"
SETTLE = "settle-labels"  # give a pull request its ticket's labels although somebody has changed them
