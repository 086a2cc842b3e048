import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.List;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * Signs and verifies with the XML signatures of the Java platform, as an outside judge.
 *
 * verify CERTIFICATE.der FILE...                    prints "FILE true" or "FILE false" per file
 * sign KEYS.p12 PASSWORD PREFIX IN OUT [IN OUT ...]  signs into CHUKYDONVI of each file
 */
public final class CrossCheck {
    private static final XMLSignatureFactory FACTORY = XMLSignatureFactory.getInstance("DOM");

    public static void main(String[] args) throws Exception {
        if (args[0].equals("verify")) {
            X509Certificate certificate;
            try (InputStream in = new FileInputStream(args[1])) {
                certificate = (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(in);
            }
            for (int i = 2; i < args.length; i++) {
                System.out.println(new File(args[i]).getName() + " " + verify(args[i], certificate));
            }
        } else {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = new FileInputStream(args[1])) {
                keys.load(in, args[2].toCharArray());
            }
            String alias = Collections.list(keys.aliases()).stream()
                .filter(name -> isKey(keys, name)).findFirst().get();
            PrivateKey key = (PrivateKey) keys.getKey(alias, args[2].toCharArray());
            X509Certificate certificate = (X509Certificate) keys.getCertificate(alias);
            for (int i = 4; i + 1 < args.length; i += 2) {
                sign(key, certificate, args[3], args[i], args[i + 1]);
            }
        }
    }

    private static boolean isKey(KeyStore keys, String alias) {
        try {
            return keys.isKeyEntry(alias);
        } catch (java.security.KeyStoreException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Document read(String path) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new File(path));
    }

    private static boolean verify(String path, X509Certificate certificate) throws Exception {
        NodeList found = read(path).getElementsByTagNameNS(XMLSignature.XMLNS, "Signature");
        if (found.getLength() != 1) {
            return false;
        }
        DOMValidateContext context =
            new DOMValidateContext(certificate.getPublicKey(), found.item(0));
        return FACTORY.unmarshalXMLSignature(context).validate(context);
    }

    private static void sign(
        PrivateKey key, X509Certificate certificate, String prefix, String in, String out
    ) throws Exception {
        Document document = read(in);
        Node holder = document.getDocumentElement().getLastChild();
        while (!(holder instanceof Element)) {
            holder = holder.getPreviousSibling();
        }
        Reference reference = FACTORY.newReference(
            "",
            FACTORY.newDigestMethod(DigestMethod.SHA256, null),
            List.of(
                FACTORY.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null),
                FACTORY.newTransform(
                    CanonicalizationMethod.INCLUSIVE, (TransformParameterSpec) null)),
            null,
            null);
        SignedInfo info = FACTORY.newSignedInfo(
            FACTORY.newCanonicalizationMethod(
                CanonicalizationMethod.INCLUSIVE, (C14NMethodParameterSpec) null),
            FACTORY.newSignatureMethod("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", null),
            List.of(reference));
        KeyInfoFactory hints = FACTORY.getKeyInfoFactory();
        KeyInfo hint = hints.newKeyInfo(List.of(hints.newX509Data(List.of(certificate))));
        DOMSignContext context = new DOMSignContext(key, holder);
        if (!prefix.equals("-")) {
            context.setDefaultNamespacePrefix(prefix);
        }
        FACTORY.newXMLSignature(info, hint).sign(context);
        try (OutputStream stream = new FileOutputStream(out)) {
            TransformerFactory.newInstance().newTransformer()
                .transform(new DOMSource(document), new StreamResult(stream));
        }
    }
}
