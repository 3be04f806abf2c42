/*
 * SMTP by libcurl: STARTTLS (port 465: TLS from the start) and log-in are demanded, the server's certificate is checked.
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include <tator/base64.h>
#include <tator/json.h>

#include "message.h"

#define SMTP_TIMEOUT 120L /* seconds for one message */
#define WORD         45   /* bytes in an encoded word: RFC 2047 allows 75 characters */

static struct curl_slist *headers(const config_t *config, arena_t *arena, const message_t *message);
static bool               content(CURL *curl, curl_mime *mime, const message_t *message);
static const char        *sender(const config_t *config);
static const char        *encoded(arena_t *arena, const char *text);
static const char        *one_line(arena_t *arena, const char *text);


sent_t
smtp_send(const config_t *config, arena_t *arena, const message_t *message, char *fault)
{
    CURL              *curl = curl_easy_init();
    long               status = 0;
    sent_t             sent = FAILED;
    CURLcode           code;
    curl_mime         *mime = curl == NULL ? NULL : curl_mime_init(curl);
    struct curl_slist *lines = headers(config, arena, message), *to;
    char               reason[CURL_ERROR_SIZE] = "";

    to = curl_slist_append(NULL, arena_format(arena, "<%s>", one_line(arena, message->recipient)));

    if (mime == NULL || lines == NULL || to == NULL || !content(curl, mime, message)) {
        snprintf(fault, FAULT, "no memory");
        goto done;
    }

    curl_easy_setopt(curl, CURLOPT_URL, arena_format(arena, "%s://%s:%d", config->email_port == 465 ? "smtps" : "smtp", config->email_host,
                                                     config->email_port));
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long) CURLUSESSL_ALL);
    curl_easy_setopt(curl, CURLOPT_USERNAME, config->email_user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, config->email_password);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, arena_format(arena, "<%s>", sender(config)));
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, SMTP_TIMEOUT);
    if (config->email_ca_file != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->email_ca_file);
    }

    code = curl_easy_perform(curl);
    if (code == CURLE_OK) {
        sent = SENT;
        goto done;
    }

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    snprintf(fault, FAULT, "%s", reason[0] ? reason : curl_easy_strerror(code));

    /* The recipient or the message are refused for good. A refused log-in is the operator's to mend: it is tried again. */
    if (code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_REMOTE_ACCESS_DENIED) {
        sent = status >= 550 && status <= 554 ? REFUSED : FAILED;
    }

done:

    curl_slist_free_all(to);
    curl_slist_free_all(lines);
    curl_mime_free(mime);
    curl_easy_cleanup(curl);

    return sent;
}


/* The message's id stays the same in each attempt, so that who gets it twice can tell. */
static struct curl_slist *
headers(const config_t *config, arena_t *arena, const message_t *message)
{
    char               when[64];
    text_t             to;
    struct tm          parts;
    const char        *domain = strrchr(sender(config), '@');
    struct curl_slist *list = NULL, *more;

    gmtime_r(&(time_t) {(time_t) message->created}, &parts);
    strftime(when, sizeof(when), "%a, %d %b %Y %H:%M:%S +0000", &parts);

    text_start(&to, arena, 256);
    for (size_t k = 0; k < message->n_recipients; k++) {
        text_printf(&to, "%s%s", k > 0 ? ",\r\n " : "", one_line(arena, message->recipients[k]));
    }

    const char *const lines[] = {
        arena_format(arena, "Date: %s", when),
        arena_format(arena, "From: Tator <%s>", sender(config)),
        arena_format(arena, "To: %.*s", (int) to.len, to.data),
        arena_format(arena, "Subject: %s", encoded(arena, message->title)),
        arena_format(arena, "Message-ID: <tator-%lld-%lld@%s>", (long long) message->created, (long long) message->id,
                     domain == NULL ? "tator" : domain + 1),
        "Auto-Submitted: auto-generated",
    };

    for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++) {
        more = curl_slist_append(list, lines[k]);
        if (more == NULL) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = more;
    }

    return list;
}


static bool
content(CURL *curl, curl_mime *mime, const message_t *message)
{
    curl_mimepart *part = curl_mime_addpart(mime);

    (void) curl;

    if (part == NULL || curl_mime_data(part, message->body, CURL_ZERO_TERMINATED) != CURLE_OK
        || curl_mime_type(part, "text/plain; charset=utf-8") != CURLE_OK || curl_mime_encoder(part, "quoted-printable") != CURLE_OK)
    {
        return false;
    }

    for (size_t k = 0; k < message->n_attachments; k++) {
        part = curl_mime_addpart(mime);
        if (part == NULL || curl_mime_data(part, message->attachments[k].data, message->attachments[k].len) != CURLE_OK
            || curl_mime_filename(part, message->attachments[k].name) != CURLE_OK
            || curl_mime_type(part, "application/octet-stream") != CURLE_OK || curl_mime_encoder(part, "base64") != CURLE_OK)
        {
            return false;
        }
    }

    return true;
}


static const char *
sender(const config_t *config)
{
    return config->email_sender != NULL ? config->email_sender : config->email_user;
}


/* RFC 2047, whole characters in each word. */
static const char *
encoded(arena_t *arena, const char *text)
{
    bool        plain = true;
    size_t      len;
    text_t      out;
    const char *p;

    text = one_line(arena, text);
    for (p = text; *p != '\0'; p++) {
        plain = plain && (unsigned char) *p < 0x80;
    }

    if (plain && strlen(text) < 900) {
        return text;
    }

    text_start(&out, arena, 2 * strlen(text) + 64);
    for (p = text; *p != '\0'; p += len) {
        len = strnlen(p, WORD);
        while (len > 1 && ((unsigned char) p[len] & 0xc0) == 0x80) {
            len--;
        }
        text_printf(&out, "%s=?UTF-8?B?%s?=", p == text ? "" : "\r\n ", base64_encode(arena, p, len));
    }

    return arena_copy(arena, out.data, out.len);
}


/* Nothing in it may begin another header. */
static const char *
one_line(arena_t *arena, const char *text)
{
    char *copy = arena_text(arena, text);

    for (char *p = copy; *p != '\0'; p++) {
        if ((unsigned char) *p < ' ' || *p == 0x7f) {
            *p = ' ';
        }
    }

    return copy;
}
