"""Record a real session without its values, and replay its shape against the sandbox.

`RecordingTransport` stands between an `httpx` client and a gateway and writes a cassette: JSON
lines, one exchange each, scrubbed before anything reaches the disk. `replay` sends requests of the
same shape to an exchange and lists the answers that the sandbox would not have given.

A cassette still holds the form and the length of values, which rows belong to the same record, and
when things were sent. It is pseudonymised material of a hospital: keep it inside.
"""

from vnhealth.sandbox.recording._cassette import Cassette, Recorded
from vnhealth.sandbox.recording._compare import Difference
from vnhealth.sandbox.recording._replay import Drift, replay
from vnhealth.sandbox.recording._transport import AsyncRecordingTransport, RecordingTransport

__all__ = [
    "AsyncRecordingTransport",
    "Cassette",
    "Difference",
    "Drift",
    "Recorded",
    "RecordingTransport",
    "replay",
]
