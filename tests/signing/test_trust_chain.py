"""Which certificates a trust store accepts, and for which reason it refuses the others."""

import base64
import datetime as dt
import itertools
import threading
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from vnhealth.errors import SignatureError
from vnhealth.signing import VSS, KeySigner, TrustStore, sign, verify
from vnhealth.signing._certificates import read_certificate

PLAIN = b"<GIAMDINHHS><A>1</A><CHUKYDONVI/></GIAMDINHHS>"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
AT = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def keys():
    return [rsa.generate_private_key(65537, 2048) for _ in range(3)]


def usage(*allowed):
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in allowed for name in names})


def make(
    name, key, issuer, issuer_key, *, ca=False, length=None, extensions=(), start=START, end=END,
    constraints=True,
):  # fmt: skip
    """A certificate; ``issuer`` and ``name`` are common names."""

    def named(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(end)
    )
    if constraints:
        builder = builder.add_extension(x509.BasicConstraints(ca, length), critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER)


def judge(leaf, trust, *extras, at=AT, facility=None):
    found = [read_certificate(extra) for extra in extras]
    return trust.refusal(read_certificate(leaf), found, at, facility)


@pytest.fixture(scope="session")
def root(keys):
    return make("root", keys[0], "root", keys[0], ca=True)


def test_a_leaf_of_a_trusted_root(keys, root):
    leaf = make("leaf", keys[2], "root", keys[0])
    assert judge(leaf, TrustStore([root])) is None


def test_a_leaf_below_an_intermediate_that_comes_with_the_document_or_the_store(keys, root):
    middle = make("middle", keys[1], "root", keys[0], ca=True)
    leaf = make("leaf", keys[2], "middle", keys[1])
    assert judge(leaf, TrustStore([root])) == "SIGN-05"
    assert judge(leaf, TrustStore([root]), middle) is None
    assert judge(leaf, TrustStore([middle])) is None
    assert judge(leaf, TrustStore([root, middle])) is None


def test_intermediates_that_loop_end(keys, root):
    a = make("a", keys[1], "b", keys[1], ca=True)
    b = make("b", keys[1], "a", keys[1], ca=True)
    leaf = make("leaf", keys[2], "a", keys[1])
    assert judge(leaf, TrustStore([root]), a, b, a, b) == "SIGN-05"


def test_a_chain_that_is_too_long(keys, root):
    names = ["root", "a", "b", "c", "d"]
    chain = [
        make(name, keys[1], above, keys[0] if above == "root" else keys[1], ca=True)
        for above, name in itertools.pairwise(names)
    ]
    leaf_c = make("leaf", keys[2], "c", keys[1])
    leaf_d = make("leaf", keys[2], "d", keys[1])
    assert judge(leaf_c, TrustStore([root]), *chain) is None
    assert judge(leaf_d, TrustStore([root]), *chain) == "SIGN-05"


def test_path_length_is_kept(keys):
    short = make("root", keys[0], "root", keys[0], ca=True, length=0)
    middle = make("middle", keys[1], "root", keys[0], ca=True)
    below = make("leaf", keys[2], "middle", keys[1])
    direct = make("leaf", keys[2], "root", keys[0])
    assert judge(below, TrustStore([short]), middle) == "SIGN-05"
    assert judge(direct, TrustStore([short])) is None


@pytest.mark.parametrize(
    ("issuer", "accepted"),
    [
        ({"ca": True}, True),
        ({"ca": True, "extensions": [(usage("key_cert_sign"), True)]}, True),
        ({"ca": True, "extensions": [(usage("digital_signature"), True)]}, False),
        ({"ca": False}, False),
        ({"constraints": False}, False),
        (
            {"ca": True, "extensions": [(x509.NameConstraints([x509.DNSName("a")], None), True)]},
            False,
        ),
    ],
)
def test_who_may_issue(issuer, accepted, keys):
    root = make("root", keys[0], "root", keys[0], **issuer)
    leaf = make("leaf", keys[2], "root", keys[0])
    assert (judge(leaf, TrustStore([root])) is None) is accepted


def test_a_facility_may_not_issue_for_another(keys, root):
    facility = make("facility", keys[1], "root", keys[0])
    leaf = make("leaf", keys[2], "facility", keys[1])
    assert judge(leaf, TrustStore([root]), facility) == "SIGN-05"


def test_a_name_alone_does_not_make_an_issuer(keys, root):
    leaf = make("leaf", keys[2], "root", keys[1])
    assert judge(leaf, TrustStore([root])) == "SIGN-05"


def test_a_weak_issuer_key_does_not_count(keys):
    weak = rsa.generate_private_key(65537, 1024)
    small = make("root", weak, "root", weak, ca=True)
    assert judge(make("leaf", keys[2], "root", weak), TrustStore([small])) == "SIGN-05"


def test_an_elliptic_curve_authority_is_fine(keys):
    curve = ec.generate_private_key(ec.SECP256R1())
    root = make("root", curve, "root", curve, ca=True)
    assert judge(make("leaf", keys[2], "root", curve), TrustStore([root])) is None


@pytest.mark.parametrize(
    ("extensions", "code"),
    [
        ([(usage("digital_signature"), True)], None),
        ([(usage("content_commitment"), True)], None),
        ([(usage("key_encipherment"), True)], "SIGN-11"),
        ([(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.TIME_STAMPING]), True)], "SIGN-11"),
        ([(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]), False)], None),
    ],
)
def test_what_a_signer_may_do(extensions, code, keys, root):
    leaf = make("leaf", keys[2], "root", keys[0], extensions=extensions)
    assert judge(leaf, TrustStore([root])) == code


def test_a_ca_certificate_does_not_sign_documents(keys, root, forge):
    middle = make("middle", keys[1], "root", keys[0], ca=True)
    assert judge(middle, TrustStore([root])) == "SIGN-11"
    signed = sign(PLAIN, KeySigner(keys[1], middle))
    report = verify(signed, trust=TrustStore([root]), at=AT)
    assert (report.status, report.code) == ("unknown_certificate", "SIGN-11")


def test_every_certificate_of_the_chain_must_be_valid_at_the_moment(keys):
    early = make("root", keys[0], "root", keys[0], ca=True, end=START + dt.timedelta(days=30))
    late = make("root", keys[0], "root", keys[0], ca=True, start=AT)
    leaf = make("leaf", keys[2], "root", keys[0])
    before = AT - dt.timedelta(days=1)
    assert judge(leaf, TrustStore([early])) == "SIGN-06"
    assert judge(leaf, TrustStore([late]), at=before) == "SIGN-07"
    assert judge(leaf, TrustStore([early, late])) is None
    assert judge(leaf, TrustStore([early, late]), at=before) == "SIGN-06"


def test_registration_replaces_a_chain_and_binds_the_facility(signer, stranger, authority):
    store = TrustStore(registered={"79001": [stranger.certificate]})
    leaf = stranger.certificate
    assert judge(leaf, store) is None
    assert judge(leaf, store, facility="79001") is None
    assert judge(leaf, store, facility="79002") == "SIGN-10"
    both = TrustStore([authority.certificate], {"79001": [stranger.certificate]})
    assert judge(signer.certificate, both) is None
    assert judge(signer.certificate, both, facility="79001") == "SIGN-10"
    assert judge(signer.certificate, both, facility="79002") is None


def test_a_store_may_insist_on_registration(signer, authority):
    store = TrustStore([authority.certificate], require_registration=True)
    assert judge(signer.certificate, store) == "SIGN-10"
    registered = store.with_registered("79001", signer.certificate)
    assert judge(signer.certificate, registered) is None
    assert judge(signer.certificate, registered, at=AT.replace(year=2031)) == "SIGN-06"
    assert dict(store.registered) == {}


def test_the_report_names_the_facilities(signer, authority):
    store = TrustStore(
        [authority.certificate], {"79001": [signer.certificate], "79002": [signer.certificate]}
    )
    report = verify(sign(PLAIN, signer), trust=store, at=AT, facility="79002")
    assert report.status == "valid"
    assert report.facilities == ("79001", "79002")
    report = verify(sign(PLAIN, signer), trust=store, at=AT, facility="79003")
    assert (report.status, report.code) == ("unknown_certificate", "SIGN-10")


def test_intermediates_of_the_document_are_used_in_any_order(keys, root, forge):
    middle = make("middle", keys[1], "root", keys[0], ca=True)
    leaf = make("leaf", keys[2], "middle", keys[1])
    key_info = "".join(
        f"<X509Data><X509Certificate>{base64.b64encode(der).decode()}</X509Certificate></X509Data>"
        for der in (root, middle, leaf)
    )
    document = forge(key_info=key_info, sign=KeySigner(keys[2], leaf).sign)
    report = verify(document, trust=TrustStore([root]), at=AT)
    assert (report.status, report.certificate) == ("valid", leaf)


def test_a_short_signer_key_is_refused_as_an_algorithm(keys, forge, root):
    weak = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    for key in (weak, curve):
        leaf = make("leaf", key, "root", keys[0])
        one = f"<X509Certificate>{base64.b64encode(leaf).decode()}</X509Certificate>"
        document = forge(
            key_info=f"<X509Data>{one}</X509Data>",
            sign=lambda data: weak.sign(data, padding.PKCS1v15(), hashes.SHA256()),
        )
        report = verify(document, trust=TrustStore([root]), at=AT)
        assert (report.status, report.code) == ("algorithm_refused", "SIGN-08")
        lax = replace(VSS, min_rsa_bits=0)
        report = verify(document, trust=TrustStore([root]), at=AT, profile=lax)
        assert report.status == ("valid" if key is weak else "signature_mismatch")


def test_pem_bundles_and_unreadable_certificates(authority, signer, root):
    bundle = authority.certificate_pem + x509.load_der_x509_certificate(root).public_bytes(
        Encoding.PEM
    )
    assert repr(TrustStore([bundle])) == "<TrustStore authorities=2 facilities=0>"
    assert judge(signer.certificate, TrustStore([bundle])) is None
    for bad in (b"", b"no", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"):
        with pytest.raises(SignatureError) as caught:
            TrustStore([bad])
        assert caught.value.code == "ERR-SIGN-09"


def test_a_store_is_safe_under_threads_and_bounded(authority, signer, monkeypatch):
    from vnhealth.signing import _trust

    monkeypatch.setattr(_trust, "MAX_CACHED", 2)
    store = authority.trust_store()
    codes = []
    threads = [
        threading.Thread(target=lambda: codes.append(judge(signer.certificate, store)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [None] * 8
    for extra in (authority.certificate, signer.certificate):
        assert judge(signer.certificate, store, extra) is None
    assert len(store._windows) <= 2
