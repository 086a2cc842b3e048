"""Facts of the gateways: paths, headers, form fields, result codes, key order, contracts.

Nothing here talks to a network; `vnhealth.sandbox` answers and `vnhealth.sync` asks by these facts.
`vss` holds the message shapes of the insurance gateway, `repository` those of the repositories,
`deid_contract` the form of de-identified records.
"""

from vnhealth.protocol import deid_contract, repository, vss
from vnhealth.protocol._registry import (
    Behaviour,
    Endpoint,
    Gateway,
    ResultCode,
    behaviours,
    gateway,
    gateways,
    result_code,
    result_codes,
)

__all__ = [
    "Behaviour",
    "Endpoint",
    "Gateway",
    "ResultCode",
    "behaviours",
    "deid_contract",
    "gateway",
    "gateways",
    "repository",
    "result_code",
    "result_codes",
    "vss",
]
