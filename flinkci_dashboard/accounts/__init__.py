"""How people sign in, and what a request carries about who asks."""
