/* What of a log line is hidden: lib/secrets.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tator/secrets.h>

typedef struct {
    const char *line, *masked;
} line_t;


/* In a buffer of just its size, so that a byte beyond is noticed. */
static void
check(const line_t *lines, size_t n)
{
    char  *text;
    size_t len;

    for (size_t k = 0; k < n; k++) {
        len = strlen(lines[k].line);
        text = malloc(len + 1);
        assert_non_null(text);
        memcpy(text, lines[k].line, len);
        len = secrets_mask(text, len);
        text[len] = '\0';
        assert_string_equal(text, lines[k].masked);
        free(text);
    }
}


static void
parameters(void **state)
{
    static const line_t lines[] = {
        {"GET /password-reset?reset_token=9b2d-11ee&user=7 HTTP/1.1", "GET /password-reset?reset_token=***&user=7 HTTP/1.1"},
        {"GET /objects/a.mp4?X-Amz-Signature=abcdef&X-Amz-Expires=60 HTTP/1.1", "GET /objects/a.mp4?X-Amz-Signature=***&X-Amz-Expires=60 HTTP/1.1"},
        {"/c/b?sv=2020&sig=a%2Fb%3D&se=1", "/c/b?sv=2020&sig=***&se=1"},
        {"?Signature=x&Expires=1", "?Signature=*&Expires=1"},
        {"url=https%3A%2F%2Fh%2Fk%3FX-Amz-Signature%3Dabcdef%26X-Amz-Date%3D1&type=2",
         "url=https%3A%2F%2Fh%2Fk%3FX-Amz-Signature%3D***%26X-Amz-Date%3D1&type=2"},
        {"url=https%3A%2F%2Fh%2Fk%3Fa%3D1%26sig%3Dabcdef", "url=https%3A%2F%2Fh%2Fk%3Fa%3D1%26sig%3D***"},
        {"host=db password='with a space' user=x", "host=db password=*** user=x"},
        {"endpoint=https://h/;accesskey=abcd", "endpoint=https://h/;accesskey=***"},
        {"?design=1&mytoken_count=12&token_type=a", "?design=1&mytoken_count=12&token_type=a"},
        {"token=", "token="},
        {"token", "token"},
        {"", ""},
    };

    check(lines, sizeof(lines) / sizeof(lines[0]));
}


static void
members_and_headers(void **state)
{
    static const line_t lines[] = {
        {"{\"username\": \"ann\", \"password\": \"a \\\"b, c\"}", "{\"username\": \"ann\", \"password\": \"***\"}"},
        {"{\\\"token\\\":\\\"abcd\\\",\\\"x\\\":1}", "{\\\"token\\\":\\\"***\",\\\"x\\\":1}"},
        {"Authorization: Token 0123456789abcdef, host: \"h\"", "Authorization: ***, host: \"h\""},
        {"Cookie: sessionid=abc; csrftoken=def\nnext", "Cookie: ***\nnext"},
        {"sent \"Token 0123456789abcdef0123456789abcdef\" twice", "sent \"Token ***\" twice"},
        {"sent Bearer abc.def-ghi_jkl.mno and more", "sent Bearer *** and more"},
        {"the token expired long ago", "the token expired long ago"},
        {"the process ended with code: 3", "the process ended with code: 3"},
        {"password", "password"},
        {"\"password\":", "\"password\":"},
        {"\"password\": \"", "\"password\": \""},
        {"\"password\": \"\\", "\"password\": \"*"},
    };

    check(lines, sizeof(lines) / sizeof(lines[0]));
}


static void
addresses(void **state)
{
    static const line_t lines[] = {
        {"postgresql://user:secret@db:5432/x", "postgresql://user:***@db:5432/x"},
        {"http://h:80/a@b", "http://h:80/a@b"},
        {"http://user@h:80/", "http://user@h:80/"},
        {"://:x@", "://:*@"},
    };

    check(lines, sizeof(lines) / sizeof(lines[0]));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parameters), cmocka_unit_test(members_and_headers), cmocka_unit_test(addresses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
