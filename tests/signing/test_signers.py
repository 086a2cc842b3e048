"""Signers from PEM, PKCS#12 and functions, and the test authority that makes them."""

import datetime as dt
import random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from vnhealth.errors import SignatureError
from vnhealth.signing import (
    CallbackSigner,
    KeySigner,
    PemSigner,
    Pkcs12Signer,
    Signer,
    sign,
    verify,
)
from vnhealth.signing import TestAuthority as Authority

PLAIN = b"<GIAMDINHHS><A>1</A><CHUKYDONVI/></GIAMDINHHS>"
PASSWORD = b"mat-khau-bi-mat"


@pytest.fixture(scope="session")
def pems(start):
    """A key and its certificate as PEM, plain and encrypted."""
    key = rsa.generate_private_key(65537, 2048)
    authority = Authority(not_before=start, not_after=start.replace(year=2030), new_key=lambda: key)
    made = authority.issue("79001", not_before=start, not_after=start.replace(year=2027))
    certificate = x509.load_der_x509_certificate(made.certificate).public_bytes(Encoding.PEM)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD))
    return plain, locked, certificate


def test_all_signers_write_the_same_document(pems):
    plain, locked, certificate = pems
    first = PemSigner(plain, certificate)
    remote = CallbackSigner(certificate, first.sign)
    stored = Pkcs12Signer(first.to_pkcs12(PASSWORD), PASSWORD)
    signers = [first, PemSigner(plain + certificate), remote, stored]
    signers.append(PemSigner(locked, certificate, password=PASSWORD))
    for one in signers:
        assert isinstance(one, Signer)
        assert sign(PLAIN, one) == sign(PLAIN, first)


def test_the_certificate_of_the_key_is_picked_from_a_chain(pems, authority):
    plain, _, certificate = pems
    signer = PemSigner(plain, authority.certificate_pem + certificate)
    assert signer.certificate == PemSigner(plain, certificate).certificate


def test_nothing_secret_in_repr_or_errors(pems):
    _, locked, certificate = pems
    signer = PemSigner(locked, certificate, password=PASSWORD)
    data = signer.to_pkcs12(PASSWORD)
    shown = (
        repr(signer) + repr(Pkcs12Signer(data, PASSWORD)) + repr(CallbackSigner(certificate, bytes))
    )
    for make in (
        lambda: PemSigner(locked, certificate, password=b"sai-mat-khau"),
        lambda: Pkcs12Signer(data, b"sai-mat-khau"),
    ):
        with pytest.raises(SignatureError) as caught:
            make()
        assert caught.value.code == "ERR-SIGN-05"
        assert caught.value.__suppress_context__
        shown += str(caught.value) + repr(caught.value)
    assert "khau" not in shown
    assert "79001" not in shown


@pytest.mark.parametrize("data", [b"", b"no pkcs12", b"0\x82"])
def test_what_is_no_key_file_is_refused(data):
    for kind in (PemSigner, Pkcs12Signer):
        with pytest.raises(SignatureError) as caught:
            kind(data)
        assert caught.value.code == "ERR-SIGN-05"


def test_a_pkcs12_without_key_or_certificate_is_refused(pems):
    _, _, certificate = pems
    loaded = x509.load_pem_x509_certificate(certificate)
    encryption = BestAvailableEncryption(PASSWORD)
    only = pkcs12.serialize_key_and_certificates(b"x", None, loaded, None, encryption)
    with pytest.raises(SignatureError) as caught:
        Pkcs12Signer(only, PASSWORD)
    assert caught.value.code == "ERR-SIGN-05"


def test_a_key_of_another_certificate_is_refused(pems, signer):
    with pytest.raises(SignatureError) as caught:
        PemSigner(pems[0], signer.certificate)
    assert caught.value.code == "ERR-SIGN-06"


def test_weak_and_foreign_keys_are_refused(signer):
    for key in (rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256R1())):
        with pytest.raises(SignatureError) as caught:
            KeySigner(key, signer.certificate)
        assert caught.value.code == "ERR-SIGN-07"


def test_a_remote_key_that_is_too_short_is_refused(start):
    weak = rsa.generate_private_key(65537, 1024)
    name = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(weak.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2027))
        .sign(weak, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    signer = CallbackSigner(
        certificate, lambda d: weak.sign(d, padding.PKCS1v15(), hashes.SHA256())
    )
    with pytest.raises(SignatureError) as caught:
        sign(PLAIN, signer)
    assert caught.value.code == "ERR-SIGN-07"


def test_errors_of_a_callback_reach_the_caller(signer):
    def unplugged(data):
        raise TimeoutError("token unplugged")

    with pytest.raises(TimeoutError):
        sign(PLAIN, CallbackSigner(signer.certificate, unplugged))


def test_the_authority_says_that_it_is_a_test(authority, signer, at):
    report = verify(sign(PLAIN, signer), trust=authority.trust_store(), at=at)
    assert "TEST CA - not for production" in report.issuer
    assert "TEST facility 79001" in report.subject
    assert repr(authority) == "<TestAuthority>"


def test_same_keys_clock_and_seed_give_the_same_certificates(start):
    key = rsa.generate_private_key(65537, 2048)

    def certificates(seed):
        authority = Authority(
            not_before=start,
            not_after=start.replace(year=2030),
            rng=random.Random(seed),
            new_key=lambda: key,
        )
        issued = authority.issue("79001", not_before=start, not_after=start.replace(year=2027))
        return authority.certificate, issued.certificate

    assert certificates(7) == certificates(7)
    assert certificates(7)[1] != certificates(8)[1]


def test_the_exported_pkcs12_opens_and_carries_the_authority(authority, signer):
    data = authority.export_pkcs12(signer, PASSWORD)
    assert Pkcs12Signer(data, PASSWORD).fingerprint == signer.fingerprint
    _, _, others = pkcs12.load_key_and_certificates(data, PASSWORD)
    assert [c.public_bytes(Encoding.DER) for c in others] == [authority.certificate]


def test_validity_without_a_zone_is_viet_nam_time(authority):
    made = authority.issue(
        "79001", not_before=dt.datetime(2026, 1, 1), not_after=dt.datetime(2026, 2, 1)
    )
    certificate = x509.load_der_x509_certificate(made.certificate)
    assert certificate.not_valid_before_utc == dt.datetime(2025, 12, 31, 17, tzinfo=dt.UTC)
