"""Identifiers of people, facilities and records, names, matching, and administrative units.

One module for each kind, for example `vnhealth.identity.cccd`: parse, validate, normalise, format;
`vnhealth.identity.kinds` finds them by name. `names` has the forms of a name, `matching` decides
whether two records are one person, `person_index` answers who this is, `linkage` (extra) matches
whole lists, `admin_units` and `address` know places on a date, `data_quality` measures a batch.
Standard library only, the extras apart; nothing is loaded until it is used.
"""
