"""Facts of the gateways: paths, headers, form fields, result codes, key order, contracts.

Nothing here talks to a network; `vnhealth.sandbox` answers and `vnhealth.sync` asks by these facts.
"""
