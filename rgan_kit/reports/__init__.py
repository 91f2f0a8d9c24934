"""Looking at runs: reading their folders, listing and comparing them, and a page of them for a browser."""
