/* Segment maps of files built box by box, fed in pieces of every size. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>
#include <tator/segment_map.h>

static unsigned char file[4096];
static size_t        len;


static size_t
box(const char *kind, size_t body)
{
    size_t at = len, size = body + 8;

    file[len++] = (unsigned char) (size >> 24);
    file[len++] = (unsigned char) (size >> 16);
    file[len++] = (unsigned char) (size >> 8);
    file[len++] = (unsigned char) size;
    memcpy(file + len, kind, 4);
    len += 4;
    memset(file + len, 0, body);
    len += body;

    return at;
}


/* A fragment whose runs have so many samples. */
static void
moof(unsigned first, unsigned second)
{
    size_t at = len, runs = second ? 2 : 1, trun;

    box("moof", 0);
    box("mfhd", 8);
    trun = len;
    box("traf", 0);
    file[trun + 3] = (unsigned char) (8 + 20 + runs * 20);
    box("tfhd", 12);
    trun = box("trun", 12);
    file[trun + 15] = (unsigned char) first;

    if (second) {
        trun = box("trun", 12);
        file[trun + 15] = (unsigned char) second;
    }

    file[at + 2] = (unsigned char) ((len - at) >> 8);
    file[at + 3] = (unsigned char) (len - at);
}


static void
whole_file(void)
{
    len = 0;
    box("ftyp", 16);
    box("moov", 100);
    moof(25, 0);
    box("mdat", 500);
    moof(10, 3);
    box("mdat", 300);
    box("mfra", 40);
}


static json_int_t
member(json_t *root, size_t index, const char *name)
{
    return json_integer_value(json_object_get(json_array_get(json_object_get(root, "segments"), index), name));
}


static void
tells_boxes_and_frames_whatever_the_pieces(void **state)
{
    json_t        *root, *segments;
    size_t         step, at, i;
    segment_map_t *map;
    json_int_t     offset;

    (void) state;
    whole_file();

    for (step = 1; step <= len; step += step < 40 ? 1 : 97) {
        map = segment_map_create();

        for (at = 0; at < len; at += step) {
            assert_true(segment_map_feed(map, file + at, step < len - at ? step : len - at));
        }

        root = segment_map_json(map, 0.08);
        segments = json_object_get(root, "segments");

        assert_int_equal(json_array_size(segments), 7);
        assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "file"), "version")), 2);
        assert_true(json_real_value(json_object_get(json_object_get(root, "file"), "start")) == 0.08);
        assert_int_equal(segment_map_frames(map), 38);

        for (i = 0, offset = 0; i < 7; i++) {
            assert_int_equal(member(root, i, "offset"), offset);
            offset += member(root, i, "size");
        }

        assert_int_equal(offset, len);
        assert_int_equal(member(root, 2, "frame_start"), 0);
        assert_int_equal(member(root, 2, "frame_samples"), 25);
        assert_int_equal(member(root, 4, "frame_start"), 35); /* of the last run */
        assert_int_equal(member(root, 4, "frame_samples"), 3);
        assert_null(json_object_get(json_array_get(segments, 3), "frame_start"));

        json_decref(root);
        segment_map_destroy(map);
    }
}


static void
knows_64_bit_sizes(void **state)
{
    json_t             *root;
    segment_map_t      *map = segment_map_create();
    const unsigned char head[] = {0, 0, 0, 1, 'm', 'd', 'a', 't', 0, 0, 0, 0, 0, 0, 0, 20, 1, 2, 3, 4};

    (void) state;

    assert_true(segment_map_feed(map, head, sizeof(head)));
    root = segment_map_json(map, 0);
    assert_int_equal(member(root, 0, "size"), 20);
    json_decref(root);
    segment_map_destroy(map);
}


static void
refuses_a_file_that_ends_inside_a_box(void **state)
{
    segment_map_t *map = segment_map_create();

    (void) state;
    whole_file();

    assert_true(segment_map_feed(map, file, len - 1));
    assert_null(segment_map_json(map, 0));
    segment_map_destroy(map);
}


static void
refuses_what_is_not_boxes(void **state)
{
    segment_map_t *map = segment_map_create();

    (void) state;

    assert_false(segment_map_feed(map, "\0\0\0\3mdat", 8));
    assert_false(segment_map_feed(map, "\0\0\0\10free", 8));
    segment_map_destroy(map);

    whole_file();
    memcpy(file + 24 + 108 + 8 + 16 + 8 + 4 - 4, "\377\377\377\377", 4); /* a box in moof longer than it */
    map = segment_map_create();
    assert_false(segment_map_feed(map, file, len));
    segment_map_destroy(map);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_boxes_and_frames_whatever_the_pieces),
        cmocka_unit_test(knows_64_bit_sizes),
        cmocka_unit_test(refuses_a_file_that_ends_inside_a_box),
        cmocka_unit_test(refuses_what_is_not_boxes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
