"""Log-in by a SAML identity provider: rest/saml.c, lib/saml*.c. contract/accounts.md §1.1, §3.8."""
import base64
import re
import subprocess
import time
import uuid

import pytest

from t.saml import PROTOCOL, SIGNATURE, Provider, begin, post, when
from t.server import Http, Server

FOREIGN = [("//elsewhere.example"), ("/\\elsewhere.example"), ("https://elsewhere.example"), ("/\t/elsewhere.example"), ("javascript:alert(1)")]


@pytest.fixture(scope="module")
def provider():
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def site(provider):
    """A server that this provider's people log in to."""
    with Server(SAML_ENABLED="true", SAML_METADATA_URL=provider.entity, SAML_SSO_URL="https://idp.example.com/app/7", AUTOCREATE_ORGANIZATIONS="") as running:
        yield running
        assert running.alarms() == []


@pytest.fixture
def browser(site):
    with Http(site.url) as http:
        yield http


@pytest.fixture
def name():
    return "person" + uuid.uuid4().hex[:12]


def enter(http, provider, name, **changes):
    """A log-in as it should go; answers the last response."""
    query = changes.pop("query", {})
    return post(http, provider.response(begin(http, **query)[2], name, **changes))


def refused(answer, why, http):
    assert answer.status_code == 403, (answer.status_code, answer.headers, answer.text)
    assert why in answer.text, answer.text
    assert "sessionid" not in http.cookies and "sessionid" not in answer.headers.get("Set-Cookie", "")
    assert http.ok("GET", "/check-login/") == {"is_authenticated": False}


def test_nothing_is_there_unless_it_is_switched_on(anonymous):
    for path in ("sp/", "acs/", "welcome/", "denied/"):
        assert anonymous.get(f"/saml2_auth/{path}").status_code == 404
    assert anonymous.request("POST", "/saml2_auth/acs/", data={"SAMLResponse": ""}).status_code == 404
    assert "saml" not in anonymous.get("/accounts/login/").text
    assert anonymous.request("GET", "/redirect/login/").headers["Location"] == "/accounts/login"


def test_our_metadata(browser):
    answer = browser.get("/saml2_auth/acs/")
    assert answer.headers["Content-Type"] == "application/samlmetadata+xml"
    assert 'entityID="http://localhost/saml2_auth/acs/"' in answer.text
    assert 'HTTP-POST" Location="http://localhost/saml2_auth/acs/"' in answer.text


def test_the_request(browser, provider):
    address, request, identifier = begin(browser)
    assert address == "https://idp.example.com/sso?tenant=7"
    assert 'Destination="https://idp.example.com/sso?tenant=7"' in request
    assert 'AssertionConsumerServiceURL="http://localhost/saml2_auth/acs/"' in request
    assert re.fullmatch("_[0-9a-f]{32}", identifier) and begin(browser)[2] != identifier
    cookie = browser.request("GET", "/saml2_auth/sp/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "Max-Age=600" in cookie and "Path=/saml2_auth/" in cookie and "SameSite" not in cookie


def test_ways_to_the_provider(browser):
    assert browser.request("GET", "/redirect/login/").headers["Location"] == "https://idp.example.com/app/7"
    assert 'href="/saml2_auth/sp/?next=/projects%3Fpage%3D2"' in browser.get("/accounts/login/", params={"next": "/projects?page=2"}).text


@pytest.mark.parametrize("sign,key,method", [("assertion", "rsa", Provider.RSA256), ("response", "rsa", Provider.RSA256), ("both", "rsa", Provider.RSA256),
                                             ("assertion", "ec", Provider.ECDSA256), ("response", "ec", Provider.ECDSA256)])
def test_a_new_user_comes_in(site, browser, provider, name, sign, key, method):
    answer = enter(browser, provider, name, sign=sign, key=key, method=method,
                   attributes={"email": name + "@example.com", "firstName": "Ann", "urn:oid:2.5.4.4": "O&apos;Lee"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/projects"), answer.text
    user = browser.ok("GET", "/rest/User/GetCurrent")
    assert (user["username"], user["email"], user["first_name"], user["last_name"], user["is_staff"]) == (name, name + "@example.com", "Ann", "O'Lee", False)
    row = site.sql("SELECT is_active, is_superuser, password, last_login > now() - interval '1 minute' AS now FROM main_user WHERE username = :'name'", name=name)
    assert row == [{"is_active": True, "is_superuser": False, "password": "", "now": True}]
    assert not [cookie.name for cookie in browser.cookies if cookie.name.startswith("saml")]
    assert name in browser.get("/saml2_auth/welcome/").text
    refused_token = Http(site.url).request("POST", "/rest/Token", json={"username": name, "password": ""})
    assert refused_token.status_code == 400


def test_without_address_the_name_stands_for_it(browser, provider, name):
    enter(browser, provider, "x", attributes={"username": name})
    user = browser.ok("GET", "/rest/User/GetCurrent")
    assert (user["username"], user["email"], user["first_name"]) == (name, name, "")


def test_an_existing_user_comes_in_and_stays_who_he_is(site, browser, provider, name):
    made = site.http().ok("POST", "/rest/Users", {"username": name, "password": "Correct-horse-9", "first_name": "Old", "last_name": "Name",
                                                  "email": f"{name}@example.com"})["id"]
    for spelling in (name, name.upper()):
        with Http(site.url) as http:
            assert enter(http, provider, spelling, attributes={"first_name": "New", "email": "new@example.com"}).status_code == 302
            user = http.ok("GET", "/rest/User/GetCurrent")
            assert (user["id"], user["first_name"], user["email"]) == (made, "Old", f"{name}@example.com")
    site.psql("UPDATE main_user SET is_active = false WHERE id = :id", id=made)
    refused(enter(browser, provider, name), "not active", browser)


def test_a_log_in_takes_the_place_of_the_session_before(site, browser, provider, name):
    browser.cookies.set("sessionid", "a" * 32, domain="127.0.0.1", path="/")
    assert enter(browser, provider, name).status_code == 302
    first = browser.cookies["sessionid"]
    assert re.fullmatch("[a-z0-9]{32}", first) and first != "a" * 32
    assert enter(browser, provider, name + "b").status_code == 302
    assert browser.ok("GET", "/rest/User/GetCurrent")["username"] == name + "b"
    assert site.sql("SELECT count(*) AS n FROM django_session WHERE session_key = :'key'", key=first) == [{"n": 0}]


@pytest.mark.parametrize("wanted,given", [("/12/annotation/7?frame=3&x=%2Fa b", "/projects"), ("/12/annotation/7?frame=3&version=%2F", "/12/annotation/7?frame=3&version=%2F"),
                                          ("/" + "a" * 2000, "/projects")] + [(wanted, "/projects") for wanted in FOREIGN])
def test_it_leads_where_it_began_and_never_elsewhere(browser, provider, name, wanted, given):
    assert enter(browser, provider, name, query={"next": wanted}).headers["Location"] == given


def test_the_relay_state_of_an_answer_has_no_meaning(browser, provider, name):
    answer = post(browser, provider.response(begin(browser, next="/mine")[2], name), RelayState="/theirs")
    assert answer.headers["Location"] == "/mine"


def test_two_log_ins_in_two_tabs(browser, provider, name):
    first, second = begin(browser, next="/first")[2], begin(browser, next="/second")[2]
    assert post(browser, provider.response(first, name)).headers["Location"] == "/first"
    assert post(browser, provider.response(second, name)).headers["Location"] == "/second"


@pytest.mark.parametrize("changes,why", [
    ({"end": -200}, "expired"),
    ({"begin": 200}, "not valid yet"),
    ({"audience": "https://other.example.com"}, "for another server"),
    ({"recipient": "https://other.example.com"}, "another recipient"),
    ({"destination": "https://other.example.com"}, "sent to another server"),
    ({"issuer": "https://other.example.com"}, "another identity provider"),
    ({"answers": "_00000000000000000000000000000000"}, "another request"),
    ({"status": "Responder"}, "did not log you in"),
    ({"sign": "nothing"}, "Nothing in the response is signed"),
    ({"key": "other"}, "not that of the identity provider"),
    ({"key": "weak"}, "not that of the identity provider"),
    ({"method": SIGNATURE + "rsa-sha1"}, "SHA-256 or better"),
    ({"digest": SIGNATURE + "sha1"}, "SHA-256 or better"),
    ({"attributes": {"username": "a&#10;b"}}, "can not be used"),
    ({"attributes": {"username": "a" * 151}}, "can not be used"),
])
def test_what_is_signed_but_not_right_is_refused(browser, provider, name, changes, why):
    refused(enter(browser, provider, name, **changes), why, browser)


def test_of_the_clocks_difference_two_minutes_are_forgiven(browser, provider, name):
    assert enter(browser, provider, name, end=-60, begin=-600).status_code == 302
    assert enter(browser, provider, name, begin=60).status_code == 302


def test_a_response_counts_once(browser, provider, name):
    response = provider.response(begin(browser)[2], name)
    kept = {cookie.name: cookie.value for cookie in browser.cookies if cookie.name.startswith("saml")}
    assert post(browser, response).status_code == 302
    browser.cookies.clear()
    refused(post(browser, response), "another browser", browser)
    browser.cookies.update(kept)
    refused(post(browser, response), "used before", browser)


def test_a_request_is_of_one_browser(site, browser, provider, name):
    with Http(site.url) as other:
        response = provider.response(begin(other)[2], name)
        refused(post(browser, response), "another browser", browser)
        begin(browser)
        refused(post(browser, response), "another browser", browser)

        # nor is the cookie of one request that of another
        theirs = begin(browser)[2]
        browser.cookies.set("saml" + re.search(r' InResponseTo="([^"]+)"', response)[1], browser.cookies["saml" + theirs], path="/saml2_auth/")
        refused(post(browser, response), "another browser", browser)
        assert post(other, response).status_code == 302


@pytest.mark.parametrize("change", [lambda value: value.replace("/projects", "/elsewhere"), lambda value: "9" + value, lambda value: value[:-1],
                                    lambda value: "", lambda value: "1." + value.partition(".")[2], lambda value: value.replace(".", "")])
def test_a_cookie_that_was_changed_is_none(browser, provider, name, change):
    request = begin(browser)[2]
    value = browser.cookies["saml" + request]
    browser.cookies.clear()
    browser.cookies.set("saml" + request, change(value))
    refused(post(browser, provider.response(request, name)), "another browser", browser)


def test_what_nobody_asked_for_begins_a_log_in(browser, provider, name):
    answer = post(browser, provider.response(None, name), RelayState="/projects?page=2")
    assert answer.headers["Location"] == "/saml2_auth/sp/?next=/projects%3Fpage%3D2"
    assert browser.ok("GET", "/check-login/") == {"is_authenticated": False}
    refused(post(browser, provider.response(None, name)), "does not answer the request", browser)
    answer = post(browser, provider.response(None, name), RelayState="//elsewhere.example")
    assert answer.headers["Location"] == "/saml2_auth/sp/?next=/projects"
    assert enter(browser, provider, name).status_code == 302


# --- wrapped signatures: eight kinds, as they are numbered since "On Breaking SAML: Be Whoever You Want to Be" (2012)

def pieces(text):
    """(assertion, its signature, the assertion without it, one of somebody else's making)"""
    whole = re.search(r"<saml:Assertion .*</saml:Assertion>", text, re.S)[0]
    sign = (re.search(r"<ds:Signature .*</ds:Signature>", whole, re.S) or [""])[0]
    bare = whole.replace(sign, "")
    evil = re.sub(r"<saml:NameID>[^<]*", "<saml:NameID>admin", re.sub(r' ID="[^"]+"', ' ID="_evil"', bare, count=1))
    return whole, sign, bare, evil


def inside(element, what, last="</saml:Assertion>"):
    return element[:-len(last)] + what + last


def after_issuer(element, what):
    return element.replace("</saml:Issuer>", "</saml:Issuer>" + what, 1)


def wrap_response(text, wrapped):
    """Signed as a whole: the original goes into, or beside, its signature, in somebody else's response."""
    sign = re.search(r"<ds:Signature .*?</ds:Signature>", text, re.S)[0]
    original = text.replace(sign, "")
    evil = re.sub(r"<saml:NameID>[^<]*", "<saml:NameID>admin", re.sub(r' ID="_r[^"]+"', ' ID="_evil"', original))
    if wrapped == 1:
        return after_issuer(evil, sign.replace("</ds:Signature>", f"<ds:Object>{original}</ds:Object></ds:Signature>"))
    return after_issuer(evil, sign + original)


def wrap_assertion(text, wrapped):
    whole, sign, bare, evil = pieces(text)
    return text.replace(whole, {
        3: evil + whole,
        4: inside(evil, whole),
        5: after_issuer(evil, sign) + bare,
        6: after_issuer(evil, sign.replace("</ds:Signature>", bare + "</ds:Signature>")),
        7: f"<samlp:Extensions>{evil}</samlp:Extensions>{whole}",
        8: after_issuer(evil, sign.replace("</ds:Signature>", f"<ds:Object>{bare}</ds:Object></ds:Signature>")),
    }[wrapped])


@pytest.mark.parametrize("wrapped", range(1, 9))
def test_a_signature_that_is_wrapped_is_refused(browser, provider, name, wrapped):
    request = begin(browser)[2]
    if wrapped <= 2:
        text = wrap_response(provider.response(request, name, sign="response"), wrapped)
        good = provider.verifies(text, "Response", PROTOCOL)
    else:
        text = wrap_assertion(provider.response(request, name), wrapped)
        good = provider.verifies(text)
    assert good == (wrapped not in (1, 6, 8))  # to xmlsec, what is inside the signature is not signed
    answer = post(browser, text)
    assert answer.status_code == 403
    assert browser.ok("GET", "/check-login/") == {"is_authenticated": False}
    assert re.search("more than one assertion|not a response|places where none|not of what it stands in|no ID of its own", answer.text), answer.text


@pytest.mark.parametrize("wrapped", range(3, 9))
def test_it_is_refused_with_the_same_id_too(browser, provider, name, wrapped):
    response = provider.response(begin(browser)[2], name)
    identifier = re.search(r'<saml:Assertion [^>]*ID="([^"]+)"', response)[1]
    answer = post(browser, wrap_assertion(response, wrapped).replace("_evil", identifier))
    refused(answer, "", browser)


def test_a_name_with_a_comment_is_refused(site, browser, provider, name):
    site.http().ok("POST", "/rest/Users", {"username": name, "password": "Correct-horse-9", "first_name": "", "last_name": "", "email": "a@example.com"})
    response = provider.response(begin(browser)[2], name + ".evil.example")
    assert provider.verifies(response.replace(name, name + "<!-- -->"))
    refused(post(browser, response.replace(name, name + "<!-- -->")), "comments", browser)


@pytest.mark.parametrize("head,body", [
    ("<!DOCTYPE x [<!ENTITY name SYSTEM 'file:///etc/passwd'>]>", "&name;"),
    ("<!DOCTYPE x [<!ENTITY name SYSTEM 'ADDRESS'>]>", "&name;"),
    ("<!DOCTYPE x [<!ENTITY % all SYSTEM 'ADDRESS'> %all;]>", "x"),
    ("<!DOCTYPE x SYSTEM 'ADDRESS'>", "x"),
    ("<!DOCTYPE x [<!ENTITY a0 'aaaaaaaaaa'>" + "".join(f"<!ENTITY a{k} '{f'&a{k - 1};' * 10}'>" for k in range(1, 10)) + "]>", "&a9;"),
    ("<!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>", "x"),
])
def test_a_document_type_is_refused_at_once(browser, provider, name, head, body):
    request, asked = begin(browser)[2], provider.asked
    response = provider.response(request, name).replace(name, body)
    started = time.monotonic()
    refused(post(browser, head.replace("ADDRESS", provider.url + "/x") + response), "document type", browser)
    assert time.monotonic() - started < 20
    assert provider.asked == asked


@pytest.mark.parametrize("body", [b"", b"<", b"\x00" * 100, b"<a>" * 5000, b"<a/>" * 2, "<samlp:Response xmlns:samlp='x'/>".encode(),
                                  "<?xml version='1.0' encoding='UTF-16'?><a/>".encode("utf-16"), b"<a " + b"b='c' " * 20000 + b"/>", b"x" * 300000])
def test_bytes_that_are_no_response(browser, body):
    answer = post(browser, body)
    assert answer.status_code in (400, 403)
    assert "role=\"alert\"" in answer.text


def test_forms_without_a_response(browser):
    for data in ({}, {"SAMLResponse": "%%%"}, {"SAMLResponse": "A" * 600000}):
        answer = browser.request("POST", "/saml2_auth/acs/", data=data)
        assert (answer.status_code, "no response of an identity provider" in answer.text) == (400, True)


def test_an_encrypted_assertion_is_named_as_such(browser, provider, name):
    response = re.sub("<saml:Assertion .*</saml:Assertion>", "<saml:EncryptedAssertion/>", provider.text(begin(browser)[2], name, sign="nothing"))
    refused(post(browser, response), "encrypted", browser)


def test_new_keys_of_the_provider_are_found(browser, provider, name):
    assert enter(browser, provider, name).status_code == 302
    browser.cookies.clear()
    provider.published = ["next"]
    try:
        time.sleep(3.1)  # so long nobody asks again
        assert enter(browser, provider, name, key="next").status_code == 302
    finally:
        provider.published = ["weak", "rsa", "ec"]
    time.sleep(3.1)
    provider.up = False
    try:
        # what is known holds while there is nothing newer
        assert enter(browser, provider, name, key="next").status_code == 302
    finally:
        provider.up = True


@pytest.mark.parametrize("address,said", [("", "no URL of https"), ("http://idp.example.com/metadata", "no URL of https"), ("/etc/passwd", "no URL of https"),
                                          ("file:///nowhere/metadata.xml", "can not be read"), ("file:///etc/hostname", "not well-formed")])
def test_metadata_that_can_not_be_trusted_is_refused_at_the_start(server, address, said):
    environment = {**server.environment, **server.settings(), "SAML_ENABLED": "true", "SAML_METADATA_URL": address}
    done = subprocess.run(["nginx", "-t", "-c", str(server.var / "nginx.conf")], env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert "SAML_METADATA_URL" in done.stderr and said in done.stderr


def test_over_https_by_a_file_and_a_form(site, provider, tmp_path, name):
    """REQUIRE_HTTPS, the metadata in a file, a provider that takes requests by POST alone."""
    file, asked, places = tmp_path / "metadata.xml", provider.asked, provider.bindings
    provider.bindings, provider.service = {"HTTP-POST": "https://idp.example.com/post?a=1&amp;b=2"}, "https://localhost/saml2_auth/acs/"
    file.write_text(provider.metadata())
    try:
        site.start(SAML_METADATA_URL=f"file://{file}", REQUIRE_HTTPS="TRUE", SAML_SSO_URL="")
        with Http(site.url) as http:
            http.headers["X-Forwarded-Proto"] = "https"
            page = http.request("GET", "/saml2_auth/sp/", params={"next": "/mine"})
            assert 'action="https://idp.example.com/post?a=1&amp;b=2"' in page.text and "csrf" not in page.text
            cookie = page.headers["Set-Cookie"]
            assert "SameSite=None; Secure" in cookie and "HttpOnly" in cookie
            request = base64.b64decode(re.search('name="SAMLRequest" value="([^"]+)"', page.text)[1]).decode()
            response = provider.response(re.search(r' ID="([^"]+)"', request)[1], name)
            answer = http.request("POST", "/saml2_auth/acs/", data={"SAMLResponse": base64.b64encode(response.encode()).decode()},
                                  headers={"Cookie": cookie.partition(";")[0]})  # requests keeps secure cookies to itself over http
            assert (answer.status_code, answer.headers["Location"]) == (302, "/mine"), answer.text
            assert http.request("GET", "/redirect/login/").headers["Location"] == "/accounts/login"
        assert provider.asked == asked

        # and one that can not be asked
        site.start(SAML_METADATA_URL="http://127.0.0.1:9/metadata")
        with Http(site.url) as http:
            for answer in (http.request("GET", "/saml2_auth/sp/"), post(http, "<x/>")):
                assert (answer.status_code, "can not be reached" in answer.text) == (503, True)
    finally:
        provider.bindings, provider.service = places, "http://localhost/saml2_auth/acs/"
        site.start(SAML_METADATA_URL=provider.entity, REQUIRE_HTTPS="", SAML_SSO_URL="https://idp.example.com/app/7")
