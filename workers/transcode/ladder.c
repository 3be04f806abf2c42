/*
 * The ladder of streaming files: pure rules, no libraries.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ladder.h"

#define CRF 23

static const int default_heights[] = {144, 360, 480, 720, 1080};


static size_t      wanted(rung_config_t *rungs, const json_t *config);
static bool        is_present(const rung_config_t *rung, const json_t *present);
static int         by_height(const void *one, const void *two);
static int         integer(const json_t *object, const char *name, int otherwise);
static const char *text(const json_t *object, const char *name, const char *otherwise);


size_t
ladder_plan(rung_config_t *rungs, int height, const json_t *config, const json_t *present)
{
    size_t        i, n, kept;
    bool          native = false;
    rung_config_t all[LADDER_ROOM], own;

    n = wanted(all, config);
    qsort(all, n, sizeof(rung_config_t), by_height);

    for (i = 0; i < n; i++) {
        native |= all[i].height == height;
    }

    if (n > 0 && n < LADDER_ROOM && !native && all[n - 1].height > height) {
        for (i = 0; all[i].height < height; i++) {
            /* up to the next higher rung */
        }

        own = all[i];
        own.height = height;
        memmove(all + i + 1, all + i, (n - i) * sizeof(rung_config_t));
        all[i] = own;
        n++;
    }

    for (i = 0, kept = 0; i < n && all[i].height <= height; i++) {
        if (kept > 0 && rungs[kept - 1].height == all[i].height && strcmp(rungs[kept - 1].codec, all[i].codec) == 0) {
            continue;
        }

        if (!is_present(&all[i], present)) {
            rungs[kept++] = all[i];
        }
    }

    return kept;
}


bool
ladder_archive(rung_config_t *rung, const json_t *entry)
{
    const json_t *encode = json_object_get(entry, "encode");
    const char   *codec = text(encode, "vcodec", "hevc");

    if (strcmp(codec, "copy") == 0) {
        return false;
    }

    memset(rung, 0, sizeof(rung_config_t));
    rung->crf = integer(encode, "crf", CRF);
    snprintf(rung->codec, sizeof(rung->codec), "%s", codec);
    snprintf(rung->preset, sizeof(rung->preset), "%s", text(encode, "preset", "fast"));
    snprintf(rung->tune, sizeof(rung->tune), "%s", text(encode, "tune", "fastdecode"));
    snprintf(rung->pixel_format, sizeof(rung->pixel_format), "%s", text(encode, "pixel_format", "yuv420p"));

    return true;
}


static size_t
wanted(rung_config_t *rungs, const json_t *config)
{
    size_t         i, n = 0;
    const json_t  *entry;
    rung_config_t *rung;

    memset(rungs, 0, LADDER_ROOM * sizeof(rung_config_t));

    if (!json_is_array(config) || json_array_size(config) == 0) {
        for (i = 0; i < sizeof(default_heights) / sizeof(default_heights[0]); i++) {
            rungs[i] =
                (rung_config_t){.height = default_heights[i], .crf = CRF, .codec = "h264", .pixel_format = "yuv420p"};
        }

        return i;
    }

    json_array_foreach(config, i, entry)
    {
        if (n == LADDER_ROOM - 1 || integer(entry, "resolution", 0) < 1) {
            continue;
        }

        rung = &rungs[n++];
        rung->height = integer(entry, "resolution", 0);
        rung->crf = integer(entry, "crf", CRF);
        snprintf(rung->codec, sizeof(rung->codec), "%s", text(entry, "vcodec", "h264"));
        snprintf(rung->preset, sizeof(rung->preset), "%s", text(entry, "preset", ""));
        snprintf(rung->pixel_format, sizeof(rung->pixel_format), "%s", text(entry, "pixel_format", "yuv420p"));
    }

    return n;
}


/* A file is even lines high, so a rung of 187 lines is there as 188. */
static bool
is_present(const rung_config_t *rung, const json_t *present)
{
    size_t        i;
    int           height;
    const json_t *entry;

    json_array_foreach(present, i, entry)
    {
        height = (int) json_integer_value(json_array_get(json_object_get(entry, "resolution"), 0));

        if ((height == rung->height || height == (rung->height + 1) / 2 * 2) &&
            strcmp(text(entry, "codec", ""), rung->codec) == 0) {
            return true;
        }
    }

    return false;
}


static int
by_height(const void *one, const void *two)
{
    const rung_config_t *a = one, *b = two;

    return a->height != b->height ? a->height - b->height : strcmp(a->codec, b->codec);
}


static int
integer(const json_t *object, const char *name, int otherwise)
{
    const json_t *value = json_object_get(object, name);

    return json_is_integer(value) ? (int) json_integer_value(value) : otherwise;
}


static const char *
text(const json_t *object, const char *name, const char *otherwise)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value != NULL ? value : otherwise;
}
