"""Expectations: what a test may ask of a client, each a step with its texts in both languages."""

from vnhealth.conformance.expect._axis import *  # noqa: F403
from vnhealth.conformance.expect._books import *  # noqa: F403
from vnhealth.conformance.expect._content import *  # noqa: F403
from vnhealth.conformance.expect._pharmacy import *  # noqa: F403
from vnhealth.conformance.expect._prescriptions import *  # noqa: F403
from vnhealth.conformance.expect._privacy import *  # noqa: F403
from vnhealth.conformance.expect._rx_course import *  # noqa: F403
from vnhealth.conformance.expect._rx_people import *  # noqa: F403
from vnhealth.conformance.expect._stores import *  # noqa: F403
from vnhealth.conformance.expect._traffic import *  # noqa: F403
