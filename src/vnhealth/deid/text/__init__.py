"""Take what names people out of free text."""
