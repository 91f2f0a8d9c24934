"""What the domains of moving and still pictures share: reading hostile files, holding frames, writing pictures."""
