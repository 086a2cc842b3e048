"""Identifiers of people, facilities and records: parse, validate, normalise, format.

One module for each kind, for example `vnhealth.identity.cccd`; `vnhealth.identity.kinds` finds
them by name. Standard library only; nothing is loaded until it is used.
"""
