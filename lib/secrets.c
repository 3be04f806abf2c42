/*
 * Secrets in log lines (include/tator/secrets.h). One pass: at each place where a value may begin, the name before it decides.
 * What was read is looked at in the output, since both share the buffer.
 */

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <tator/secrets.h>

#define STARS    3
#define KEY_MIN  16 /* shorter words after Token and Bearer are language */

/* Parameters and members, with "-" and "_" as they are written. */
static const char *const secret_names[] = {
    "access_token", "accesskey", "accountkey", "aws_secret_access_key", "client_secret", "code", "code_verifier", "confirmation_token",
    "csrfmiddlewaretoken", "csrftoken", "googleaccessid", "id_token", "password", "private_key",
    "refresh_token", "registration_token", "reset_token", "samlresponse", "secret", "secret_key", "sessionid", "sig", "signature",
    "token", "x-amz-credential", "x-amz-security-token", "x-amz-signature", "x-csrftoken", "x-goog-credential", "x-goog-signature",
};

/* Their values stand without quotes. */
static const char *const secret_headers[] = {"authorization", "cookie", "set-cookie", "x-csrftoken"};

static const char *const secret_schemes[] = {"token", "bearer", "basic"};

static size_t secrets_separator(const char *text, size_t len);
static bool   secrets_named(const char *text, size_t end);
static bool   secrets_header(const char *text, size_t end);
static bool   secrets_scheme(const char *text, size_t end);
static bool   secrets_word(const char *text, size_t end, const char *const *words, size_t n);
static size_t secrets_parameter(const char *text, size_t len, bool encoded);
static size_t secrets_member(const char *text, size_t len, size_t *skip);
static size_t secrets_line(const char *text, size_t len, size_t *skip);
static size_t secrets_key(const char *text, size_t len);
static size_t secrets_user(const char *text, size_t len, size_t *skip);
static bool   secrets_letter(char c);
static bool   secrets_encoded(const char *text, size_t len, const char *what);


size_t
secrets_mask(char *text, size_t len)
{
    char   first;
    size_t in, out = 0, n, skip, value;

    for (in = 0; in < len; /* void */) {
        n = secrets_separator(text + in, len - in);
        first = text[in];
        skip = 0;
        value = 0;

        if (n != 0 && first == ' ') {
            value = secrets_scheme(text, out) ? secrets_key(text + in + n, len - in - n) : 0;

        } else if (n != 0 && first == ':' && len - in > 3 && text[in + 1] == '/' && text[in + 2] == '/') {
            n = 3;
            value = secrets_user(text + in + n, len - in - n, &skip);

        } else if (n != 0 && first == ':' && secrets_header(text, out)) {
            value = secrets_line(text + in + n, len - in - n, &skip);

        } else if (n != 0 && secrets_named(text, out)) {
            value = first == ':' ? secrets_member(text + in + n, len - in - n, &skip)
                                 : secrets_parameter(text + in + n, len - in - n, first == '%');
        }

        n = n + skip > 0 ? n + skip : 1;
        memmove(text + out, text + in, n);
        in += n;
        out += n;

        for (n = 0; n < STARS && n < value; n++) {
            text[out++] = '*';
        }

        in += value;
    }

    return out;
}


/* Length of what may stand between a name and a value; 0: something else. */
static size_t
secrets_separator(const char *text, size_t len)
{
    if (text[0] == '=' || text[0] == ':' || text[0] == ' ') {
        return 1;
    }

    return secrets_encoded(text, len, "3d") ? 3 : 0;
}


/* A secret's name ends here, or its closing quote. */
static bool
secrets_named(const char *text, size_t end)
{
    while (end > 0 && text[end - 1] == ' ') {
        end--;
    }

    if (end > 0 && (text[end - 1] == '"' || text[end - 1] == '\'')) {
        end--;
        if (end > 0 && text[end - 1] == '\\') {
            end--;
        }
    }

    return secrets_word(text, end, secret_names, sizeof(secret_names) / sizeof(secret_names[0]));
}


static bool
secrets_header(const char *text, size_t end)
{
    return secrets_word(text, end, secret_headers, sizeof(secret_headers) / sizeof(secret_headers[0]));
}


static bool
secrets_scheme(const char *text, size_t end)
{
    return secrets_word(text, end, secret_schemes, sizeof(secret_schemes) / sizeof(secret_schemes[0]));
}


/* One of the words ends here, whole: before it is no letter, or an encoded character. */
static bool
secrets_word(const char *text, size_t end, const char *const *words, size_t n)
{
    size_t k, len, start;

    for (k = 0; k < n; k++) {
        len = strlen(words[k]);
        if (end < len || strncasecmp(text + end - len, words[k], len) != 0) {
            continue;
        }

        start = end - len;
        if (start == 0 || !secrets_letter(text[start - 1])
            || (start >= 3 && text[start - 3] == '%' && isxdigit((unsigned char) text[start - 2]) && isxdigit((unsigned char) text[start - 1])))
        {
            return true;
        }
    }

    return false;
}


/* Length of a parameter's value. In quotes it ends with them; in an encoded text with an encoded "&", too. */
static size_t
secrets_parameter(const char *text, size_t len, bool encoded)
{
    size_t n;

    if (len > 1 && text[0] == '\'' && memchr(text + 1, '\'', len - 1) != NULL) {
        return (size_t) ((const char *) memchr(text + 1, '\'', len - 1) - text) + 1;
    }

    for (n = 0; n < len && !isspace((unsigned char) text[n]) && strchr("&;\"'<>,", text[n]) == NULL; n++) {
        if (encoded && secrets_encoded(text + n, len - n, "26")) {
            break;
        }
    }

    return n;
}


/* Length of a JSON member's value, a text; *skip: what stands before it. */
static size_t
secrets_member(const char *text, size_t len, size_t *skip)
{
    bool   escaped;
    size_t n, at = 0;

    while (at < len && text[at] == ' ') {
        at++;
    }

    escaped = at + 1 < len && text[at] == '\\' && text[at + 1] == '"';

    if (!escaped && (at == len || text[at] != '"')) {
        return 0;
    }

    at += escaped ? 2 : 1;
    *skip = at;

    for (n = at; n < len && text[n] != '"' && text[n] != '\n'; n++) {
        if (text[n] == '\\' && !escaped && n + 1 < len) {
            n++;
        }
    }

    return n - at;
}


static size_t
secrets_line(const char *text, size_t len, size_t *skip)
{
    size_t n, at = 0;

    while (at < len && text[at] == ' ') {
        at++;
    }

    *skip = at;

    for (n = at; n < len && strchr("\r\n\",}", text[n]) == NULL; n++) {
        /* void */
    }

    return n - at;
}


/* Length of a key after its scheme; 0: an ordinary word. */
static size_t
secrets_key(const char *text, size_t len)
{
    size_t n;

    for (n = 0; n < len && (isalnum((unsigned char) text[n]) || strchr("-._~+/=", text[n]) != NULL) && text[n] != '\0'; n++) {
        /* void */
    }

    return n < KEY_MIN ? 0 : n;
}


/* Length of the password in "user:password@host"; *skip: what stands before it. */
static size_t
secrets_user(const char *text, size_t len, size_t *skip)
{
    size_t n, colon = 0, at = 0;

    for (n = 0; n < len && !isspace((unsigned char) text[n]) && strchr("/?#\"'<>", text[n]) == NULL; n++) {
        if (text[n] == ':' && colon == 0) {
            colon = n + 1;
        }
        if (text[n] == '@') {
            at = n;
        }
    }

    if (colon == 0 || at <= colon) {
        return 0;
    }

    *skip = colon;

    return at - colon;
}


static bool
secrets_letter(char c)
{
    return isalnum((unsigned char) c) || c == '_' || c == '-';
}


static bool
secrets_encoded(const char *text, size_t len, const char *what)
{
    return len >= 3 && text[0] == '%' && strncasecmp(text + 1, what, 2) == 0;
}
