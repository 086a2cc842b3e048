"""Loss-free mechanical repairs of documents: each listed, none on a signed file, no value changed.

>>> from vnhealth import repair
>>> found = repair.propose(b"<TONG_HOP><T_THUOC>125000,50</T_THUOC></TONG_HOP>")
>>> (found.repairs[0].kind, found.repairs[0].path, b"125000.50" in found.data)
('decimal_comma', 'XML1[0].T_THUOC', True)
"""

from vnhealth.repair._document import propose
from vnhealth.repair._model import Kind, Proposal, Repair, kinds

__all__ = ["Kind", "Proposal", "Repair", "kinds", "propose"]
