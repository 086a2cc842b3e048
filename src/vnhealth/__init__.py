"""vnhealth: SDK and reference sandbox for Viet Nam's digital-health exchange."""

__version__ = "0.1.0"
