"""Who signs in, what they may do, whom to ask, and the record of what was done."""
