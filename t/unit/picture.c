/* Sizes of pictures by their headers, and nothing read beyond what is there. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <tator/picture.h>

typedef struct {
    const char *format;
    size_t      len;
    const char *data;
    int         width, height;
} header_t;

static const header_t headers[] = {
    {"png", 24, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x58\0\0\x01\x2c", 600, 300},
    {"gif", 10, "GIF89a\x40\x01\xf0\0", 320, 240},
    {"bmp", 26, "BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0\x07\0\0\0\xfd\xff\xff\xff", 7, 3},
    {"jpeg", 22, "\xff\xd8\xff\xe0\0\x04XX\xff\xff\xc4\0\x02\xff\xc2\0\x0b\x08\0\x20\0\x40", 64, 32},
    {"webp", 30, "RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\0\0\x1f\0\0", 64, 32},
    {"webp", 30, "RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x40\0\x20\0", 64, 32},
    {"webp", 30, "RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x3f\xc0\x07\0\0\0\0\0\0", 64, 32},
};


static void
sizes_are_read(void **state)
{
    picture_t picture;

    (void) state;

    for (size_t k = 0; k < sizeof(headers) / sizeof(headers[0]); k++) {
        assert_true(picture_probe(headers[k].data, headers[k].len, &picture));
        assert_string_equal(picture.format, headers[k].format);
        assert_int_equal(picture.width, headers[k].width);
        assert_int_equal(picture.height, headers[k].height);
    }
}


/* Each prefix lies at the end of its own allocation, so that a read beyond it is seen. */
static void
a_header_that_is_cut_off_is_refused(void **state)
{
    char     *data;
    picture_t picture;

    (void) state;

    for (size_t k = 0; k < sizeof(headers) / sizeof(headers[0]); k++) {
        for (size_t len = 0; len < headers[k].len; len++) {
            data = malloc(len + 1);
            assert_non_null(data);
            memcpy(data + 1, headers[k].data, len);
            assert_false(picture_probe(data + 1, len, &picture) && picture.width != headers[k].width);
            free(data);
        }
    }
}


static void
other_bytes_are_refused(void **state)
{
    picture_t picture;

    (void) state;

    assert_false(picture_probe("", 0, &picture));
    assert_false(picture_probe("%PDF-1.4 and more of it, long enough", 36, &picture));
    assert_false(picture_probe("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\x01\x2c", 24, &picture));
    assert_false(picture_probe("BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0\x07\0\0\0\0\0\0\x80", 26, &picture));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(a_header_that_is_cut_off_is_refused),
        cmocka_unit_test(other_bytes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
