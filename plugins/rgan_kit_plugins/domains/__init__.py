"""Built-in data domains: from a user's files to sequences, and back."""
