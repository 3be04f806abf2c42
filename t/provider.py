"""A small OpenID Connect provider with keys of its own, for what real ones do not do on request: new keys, wrong claims, silence."""
import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def encode(data):
    data = json.dumps(data).encode() if isinstance(data, (dict, list)) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A pair of keys; RS256, or ES256."""

    def __init__(self, kid, algorithm="RS256"):
        self.kid, self.algorithm = kid, algorithm
        self.private = rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        kind = ({"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)} if self.algorithm == "RS256"
                else {"kty": "EC", "crv": "P-256", "x": number(numbers.x, 32), "y": number(numbers.y, 32)})
        return {"kid": self.kid, "use": "sig", "alg": self.algorithm, **kind}

    def sign(self, claims, **header):
        text = encode({"alg": self.algorithm, "kid": self.kid, "typ": "JWT", **header}) + "." + encode(claims)
        if self.algorithm == "RS256":
            return text + "." + encode(self.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))
        r, s = decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return text + "." + encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


class Provider:
    """
    with Provider(client, secret) as provider: its address is .issuer. Who logs in has the claims of .user; .id_claims and .access_claims
    change those of the next tokens (None takes one away). .calls counts requests by their last part; .down refuses them all with 500, .delay keeps
    them waiting for seconds.
    """

    def __init__(self, client="tator", secret=None, audience="account"):
        self.client, self.secret, self.audience = client, secret, audience
        self.user = {"sub": "somebody", "email": "somebody@example.org", "email_verified": True, "given_name": "Some", "family_name": "Body"}
        self.id_claims, self.access_claims, self.info = {}, {}, None
        self.keys = [Key("first")]
        self.calls, self.codes, self.refreshes, self.asked = {}, {}, {}, []
        self.down, self.delay, self.token_type, self.document = False, 0, "Bearer", {}

    def __enter__(self):
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                provider.answer(self, b"")

            def do_POST(self):
                provider.answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.web.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self.web.server_port}/realms/tator"
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.web.shutdown()
        self.web.server_close()

    def rotate(self, algorithm="RS256"):
        """A new key in place of all."""
        self.keys = [Key("key " + secrets.token_hex(4), algorithm)]
        return self.keys[0]

    def token(self, subject, **claims):
        """An access token; None takes a claim away."""
        return self.keys[0].sign(self.claims({"sub": subject, "aud": self.audience, "typ": "Bearer"}, claims))

    def claims(self, own, changes):
        now = int(time.time())
        claims = {"iss": self.issuer, "iat": now, "exp": now + 300, "azp": self.client, **own, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    # --- requests

    def answer(self, request, body):
        url = urllib.parse.urlsplit(request.path)
        name = url.path.rsplit("/", 1)[1]
        self.calls[name] = self.calls.get(name, 0) + 1
        query = dict(urllib.parse.parse_qsl(url.query))
        form = dict(urllib.parse.parse_qsl(body.decode()))
        status, answer = 404, {"error": "not_found"}

        time.sleep(self.delay)
        if self.down:
            status, answer = 500, {"error": "down"}
        elif name == "openid-configuration":
            base = self.issuer + "/protocol/openid-connect/"
            status, answer = 200, {"issuer": self.issuer, "authorization_endpoint": base + "auth", "token_endpoint": base + "token",
                                   "userinfo_endpoint": base + "userinfo", "jwks_uri": base + "certs", "end_session_endpoint": base + "logout",
                                   **self.document}
        elif name == "certs":
            status, answer = 200, {"keys": [key.jwk() for key in self.keys]}
        elif name == "auth":
            code = secrets.token_urlsafe(16)
            self.codes[code] = query
            request.send_response(302)
            request.send_header("Location", query["redirect_uri"] + "?" + urllib.parse.urlencode({"code": code, "state": query["state"]}))
            request.end_headers()
            return
        elif name == "token":
            status, answer = self.exchange(request, form)
        elif name == "userinfo":
            status, answer = 200, self.info if self.info is not None else self.user

        data = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def exchange(self, request, form):
        self.asked.append(form)
        if self.secret:
            pair = f"{urllib.parse.quote(self.client, safe='')}:{urllib.parse.quote(self.secret, safe='')}"
            if request.headers.get("Authorization") != "Basic " + base64.b64encode(pair.encode()).decode():
                return 401, {"error": "invalid_client"}
        elif form.get("client_id") != self.client:
            return 401, {"error": "invalid_client"}

        if form.get("grant_type") == "refresh_token":
            if self.refreshes.pop(form.get("refresh_token"), None) is None:
                return 400, {"error": "invalid_grant"}
            return 200, self.tokens(None)

        begun = self.codes.pop(form.get("code"), None)
        if begun is None or form.get("redirect_uri") != begun["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if begun["code_challenge_method"] != "S256" or encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()) != begun["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, self.tokens(begun["nonce"])

    def tokens(self, nonce):
        refresh = secrets.token_urlsafe(24)
        self.refreshes[refresh] = True
        named = {"nonce": nonce} if nonce else {}
        return {"access_token": self.token(self.user["sub"], **self.access_claims), "refresh_token": refresh, "token_type": self.token_type,
                "expires_in": 300, "refresh_expires_in": 1800,
                "id_token": self.keys[0].sign(self.claims({"aud": self.client, **self.user, **named}, self.id_claims))}
