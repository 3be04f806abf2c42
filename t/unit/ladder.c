/* link: workers/transcode/ladder.c */
/* Which streaming files are made (contract/media.md §18). */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "workers/transcode/ladder.h"


/* The plan as text: "height:codec:crf:preset …". */
static const char *
plan(int height, const char *config, const char *present)
{
    static char   text[1024];
    size_t        i, n, len = 0;
    json_t       *wanted = config ? json_loads(config, 0, NULL) : NULL, *there = present ? json_loads(present, 0, NULL) : NULL;
    rung_config_t rungs[LADDER_ROOM];

    n = ladder_plan(rungs, height, wanted, there);
    text[0] = '\0';

    for (i = 0; i < n; i++) {
        len += (size_t) snprintf(text + len, sizeof(text) - len, "%s%d:%s:%d:%s", i ? " " : "", rungs[i].height, rungs[i].codec, rungs[i].crf,
                                 rungs[i].preset);
    }

    json_decref(wanted);
    json_decref(there);

    return text;
}


static void
the_default_ladder_ends_at_the_source(void **state)
{
    (void) state;

    assert_string_equal(plan(1080, NULL, NULL), "144:h264:23: 360:h264:23: 480:h264:23: 720:h264:23: 1080:h264:23:");
    assert_string_equal(plan(2160, NULL, NULL), "144:h264:23: 360:h264:23: 480:h264:23: 720:h264:23: 1080:h264:23:");
    assert_string_equal(plan(720, "null", NULL), "144:h264:23: 360:h264:23: 480:h264:23: 720:h264:23:");
}


static void
a_source_between_rungs_gets_one_of_its_own(void **state)
{
    (void) state;

    assert_string_equal(plan(600, NULL, NULL), "144:h264:23: 360:h264:23: 480:h264:23: 600:h264:23:");
    assert_string_equal(plan(64, NULL, NULL), "64:h264:23:");
}


static void
it_takes_the_settings_of_the_next_higher_rung(void **state)
{
    (void) state;

    assert_string_equal(plan(500, "[{\"resolution\":720,\"crf\":30,\"preset\":\"slow\",\"vcodec\":\"av1\"},{\"resolution\":360,\"crf\":20}]", NULL),
                        "360:h264:20: 500:av1:30:slow");
}


static void
no_rung_above_the_ladder(void **state)
{
    (void) state;

    assert_string_equal(plan(500, "[{\"resolution\":360}]", NULL), "360:h264:23:");
}


static void
what_is_there_is_not_made_again(void **state)
{
    (void) state;

    assert_string_equal(plan(360, NULL, "[{\"codec\":\"h264\",\"resolution\":[144,256]},{\"codec\":\"h264\",\"resolution\":[360,640]}]"), "");
    assert_string_equal(plan(187, NULL, "[{\"codec\":\"h264\",\"resolution\":[188,334]}]"), "144:h264:23:");
    assert_string_equal(plan(144, NULL, "[{\"codec\":\"av1\",\"resolution\":[144,256]}]"), "144:h264:23:");
}


static void
doubles_count_once(void **state)
{
    (void) state;

    assert_string_equal(plan(360, "[{\"resolution\":360},{\"resolution\":360,\"crf\":30},{\"resolution\":360,\"vcodec\":\"av1\"}]", NULL),
                        "360:av1:23: 360:h264:23:");
}


static void
archives_are_copied_or_encoded(void **state)
{
    json_t       *entry;
    rung_config_t rung;

    (void) state;

    entry = json_loads("{\"encode\":{\"vcodec\":\"copy\"}}", 0, NULL);
    assert_false(ladder_archive(&rung, entry));
    json_decref(entry);

    entry = json_loads("{\"encode\":{\"crf\":18}}", 0, NULL);
    assert_true(ladder_archive(&rung, entry));
    assert_string_equal(rung.codec, "hevc");
    assert_string_equal(rung.preset, "fast");
    assert_string_equal(rung.tune, "fastdecode");
    assert_int_equal(rung.crf, 18);
    json_decref(entry);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_ladder_ends_at_the_source),
        cmocka_unit_test(a_source_between_rungs_gets_one_of_its_own),
        cmocka_unit_test(it_takes_the_settings_of_the_next_higher_rung),
        cmocka_unit_test(no_rung_above_the_ladder),
        cmocka_unit_test(what_is_there_is_not_made_again),
        cmocka_unit_test(doubles_count_once),
        cmocka_unit_test(archives_are_copied_or_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
