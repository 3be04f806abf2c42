/*
 * Requests of SAML (saml.h): saml-core-2.0-os §3.4, saml-bindings-2.0-os §3.4.4.
 */

#include <string.h>

#include <tator/base64.h>
#include <tator/crypto.h>
#include <tator/time.h>
#include <tator/uri.h>
#include <tator/xml.h>
#include <zlib.h>

#include "saml_xml.h"


void
saml_request_id(char out[SAML_ID])
{
    unsigned char bytes[16];

    random_bytes(bytes, sizeof(bytes));
    out[0] = '_'; /* an ID does not begin with a digit */
    hex_encode(out + 1, bytes, sizeof(bytes));
}


void
saml_request_write(text_t *out, const char *id, int64_t now, const char *acs, const char *destination)
{
    char instant[TIME_TEXT];

    time_write_utc(instant, now - now % 1000000, false);

    text_printf(out, "<samlp:AuthnRequest xmlns:samlp=\"" NS_PROTOCOL "\" xmlns:saml=\"" NS_ASSERTION "\" ID=\"%s\" Version=\"2.0\""
                     " IssueInstant=\"%s\" ProtocolBinding=\"" BINDING_POST "\" Destination=\"", id, instant);
    xml_escape(out, destination, strlen(destination));
    text_puts(out, "\" AssertionConsumerServiceURL=\"");
    xml_escape(out, acs, strlen(acs));
    text_puts(out, "\"><saml:Issuer>");
    xml_escape(out, acs, strlen(acs));
    text_puts(out, "</saml:Issuer><samlp:NameIDPolicy AllowCreate=\"true\"/></samlp:AuthnRequest>");
}


char *
saml_request_url(arena_t *arena, const char *destination, const text_t *request)
{
    char          *encoded;
    text_t         url;
    uLong          size = compressBound(request->len);
    z_stream       stream = {0};
    unsigned char *packed = arena_alloc(arena, size);

    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return NULL;
    }

    stream.next_in = (unsigned char *) request->data;
    stream.avail_in = (uInt) request->len;
    stream.next_out = packed;
    stream.avail_out = (uInt) size;
    deflate(&stream, Z_FINISH); /* all of it: there is room */
    encoded = base64_encode(arena, packed, stream.total_out);
    deflateEnd(&stream);

    text_start(&url, arena, SAML_URL);
    text_printf(&url, "%s%cSAMLRequest=", destination, strchr(destination, '?') == NULL ? '?' : '&');
    uri_encode(&url, encoded, strlen(encoded), "");

    return arena_copy(arena, url.data, url.len);
}
