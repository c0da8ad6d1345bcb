"""What operators will meet, rehearsed with real processes: `make rehearse`. Minutes long, so apart from the suite."""
