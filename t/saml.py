"""A SAML identity provider of the tests' own: its metadata by HTTP, responses signed by the xmlsec1 command."""
import base64
import datetime
import http.server
import pathlib
import re
import subprocess
import tempfile
import threading
import urllib.parse
import uuid
import zlib

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def when(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def signature(reference, method, digest):
    return (f'<ds:Signature xmlns:ds="{SIGNATURE}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
            f'<ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="#{reference}"><ds:Transforms>'
            f'<ds:Transform Algorithm="{SIGNATURE}enveloped-signature"/><ds:Transform Algorithm="{EXCLUSIVE}"/></ds:Transforms>'
            f'<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>'
            "<ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>")


class Provider:
    """Serves `metadata` while it is entered. Keys are files of `folder`: NAME.key and NAME.crt."""

    RSA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    ECDSA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
    KEYS = {"rsa": "rsa:2048", "other": "rsa:2048", "next": "rsa:2048", "weak": "rsa:1024", "ec": "ec"}

    def __init__(self, service="http://localhost/saml2_auth/acs/"):
        self.folder = tempfile.TemporaryDirectory(prefix="tator-idp-")
        self.path = pathlib.Path(self.folder.name)
        self.service = service
        self.published = ["weak", "rsa", "ec"]
        self.bindings = {"HTTP-POST": "https://idp.example.com/post", "HTTP-Redirect": "https://idp.example.com/sso?tenant=7"}
        self.up = True
        self.asked = 0
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked += 1
                body = provider.metadata().encode()
                self.send_response(200 if provider.up else 500)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        for name, kind in self.KEYS.items():
            made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["-newkey", kind]
            subprocess.run(["openssl", "req", "-x509", "-nodes", *made, "-keyout", f"{self.path}/{name}.key", "-out", f"{self.path}/{name}.crt",
                            "-days", "2", "-subj", "/CN=idp"], check=True, capture_output=True)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.entity = self.url + "/metadata"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def metadata(self):
        keys = "".join(f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{SIGNATURE}"><ds:X509Data><ds:X509Certificate>'
                       + "".join((self.path / f"{name}.crt").read_text().splitlines()[1:-1])
                       + "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>" for name in self.published)
        places = "".join(f'<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:{name}" Location="{url}"/>'
                         for name, url in self.bindings.items())
        return (f'<?xml version="1.0"?>\n<!-- made by a test -->\n<md:EntityDescriptor xmlns:md="{METADATA}" entityID="{self.entity}">'
                f'<md:IDPSSODescriptor protocolSupportEnumeration="{PROTOCOL}">{keys}{places}</md:IDPSSODescriptor></md:EntityDescriptor>')

    def text(self, request, name="ann", *, attributes=None, audience=None, recipient=None, destination=None, begin=-10, end=300, response_end=None,
             status="Success", issuer=None, sign="assertion", method=RSA256, digest=SHA256, identifier=None, response_identifier=None, answers=None):
        """A response before it is signed."""
        identifier = identifier or "_a" + uuid.uuid4().hex
        response_identifier = response_identifier or "_r" + uuid.uuid4().hex
        issuer = f"<saml:Issuer>{issuer or self.entity}</saml:Issuer>"
        to_request = f' InResponseTo="{request}"' if request else ""
        confirmed = f' InResponseTo="{answers or request}"' if request else ""
        given = "".join(f'<saml:Attribute Name="{key}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>'
                        for key, value in (attributes or {}).items())
        of_assertion = signature(identifier, method, digest) if sign in ("assertion", "both") else ""
        of_response = signature(response_identifier, method, digest) if sign in ("response", "both") else ""
        assertion = (
            f'<saml:Assertion xmlns:saml="{ASSERTION}" ID="{identifier}" Version="2.0" IssueInstant="{when(0)}">{issuer}{of_assertion}'
            f'<saml:Subject><saml:NameID>{name}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData{confirmed} NotOnOrAfter="{when(end)}" Recipient="{recipient or self.service}"/></saml:SubjectConfirmation>'
            f'</saml:Subject><saml:Conditions NotBefore="{when(begin)}" NotOnOrAfter="{when(end)}"><saml:AudienceRestriction>'
            f'<saml:Audience>{audience or self.service}</saml:Audience></saml:AudienceRestriction></saml:Conditions>'
            f'<saml:AuthnStatement AuthnInstant="{when(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>'
            'urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>'
            + (f"<saml:AttributeStatement>{given}</saml:AttributeStatement>" if given else "") + "</saml:Assertion>")
        return (f'<samlp:Response xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" ID="{response_identifier}" Version="2.0" IssueInstant="{when(0)}"'
                f' Destination="{destination or self.service}"{to_request}>{issuer}{of_response}<samlp:Status>'
                f'<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status>{assertion}</samlp:Response>')

    def sign(self, text, key="rsa"):
        """The signatures that stand in a response, filled: the inner one first."""
        for name, space in (("Assertion", ASSERTION), ("Response", PROTOCOL)):
            parent = "*[local-name()='Response']" + ("/*[local-name()='Assertion']" if name == "Assertion" else "")
            if not re.search(rf"<saml{'p' if name == 'Response' else ''}:{name} [^>]*><saml:Issuer>[^<]*</saml:Issuer><ds:Signature", text):
                continue
            (self.path / "in.xml").write_text(text)
            done = subprocess.run(["xmlsec1", "--sign", "--privkey-pem", f"{self.path}/{key}.key,{self.path}/{key}.crt",
                                   "--id-attr:ID", f"{space}:{name}", "--node-xpath", f"/{parent}/*[local-name()='Signature']",
                                   "--output", f"{self.path}/out.xml", f"{self.path}/in.xml"], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            text = re.sub(r"^<\?xml[^>]*>\s*", "", (self.path / "out.xml").read_text()).strip()
        return text

    def verifies(self, text, name="Assertion", space=ASSERTION, key="rsa"):
        """Whether a reader that only asks xmlsec about the first signature is content."""
        (self.path / "in.xml").write_text(text)
        return subprocess.run(["xmlsec1", "--verify", "--pubkey-cert-pem", f"{self.path}/{key}.crt", "--id-attr:ID", f"{space}:{name}",
                               f"{self.path}/in.xml"], capture_output=True).returncode == 0

    def response(self, request, name="ann", key="rsa", **changes):
        return self.sign(self.text(request, name, **changes), key)


def begin(http, **query):
    """Asks the server for a log-in: (the provider's address, its parameters, the request as XML, its ID)."""
    answer = http.request("GET", "/saml2_auth/sp/", params=query)
    assert answer.status_code == 302, answer.text
    address, _, parameters = answer.headers["Location"].rpartition("&SAMLRequest=")
    request = zlib.decompress(base64.b64decode(urllib.parse.unquote(parameters)), -15).decode()
    return address, request, re.search(r' ID="([^"]+)"', request)[1]


def post(http, xml, **fields):
    return http.request("POST", "/saml2_auth/acs/", data={"SAMLResponse": base64.b64encode(xml.encode() if isinstance(xml, str) else xml).decode(), **fields})
