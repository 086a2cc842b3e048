"""Conformance kits: what a client or a server did, proven, signed, and honest about its limits.

`evidence` is the signed file and its offline check. Nothing here is a certificate of a state body.
"""
