/*
 * MP4 boxes as they pass by. A box is a 32 bit size and a kind, or size 1 and a 64 bit size behind the kind. Only the
 * fragment header `moof` is looked into, so only that one is kept until it is whole.
 */

#include <stdlib.h>
#include <string.h>

#include <tator/segment_map.h>

#define HEADER      16
#define MOOF_LIMIT  (16 << 20)
#define LONG_HEADER 1

struct segment_map_s {
    json_t        *segments;
    int64_t        offset; /* of the box at hand */
    int64_t        frames;
    uint64_t       left; /* bytes of the box still to come; 0: a header is being read */
    unsigned char  header[HEADER];
    size_t         header_len;
    unsigned char *moof; /* the body of a moof box, while it is being read */
    size_t         moof_len, moof_size;
    json_t        *moof_entry; /* borrowed from segments */
    bool           broken;
};


static bool     box_begins(segment_map_t *map);
static bool     fragment_read(segment_map_t *map);
static uint64_t number(const unsigned char *data, size_t len);


segment_map_t *
segment_map_create(void)
{
    segment_map_t *map = calloc(1, sizeof(segment_map_t));

    if (map == NULL) {
        return NULL;
    }

    map->segments = json_array();
    if (map->segments == NULL) {
        free(map);
        return NULL;
    }

    return map;
}


void
segment_map_destroy(segment_map_t *map)
{
    if (map != NULL) {
        json_decref(map->segments);
        free(map->moof);
        free(map);
    }
}


bool
segment_map_feed(segment_map_t *map, const void *bytes, size_t len)
{
    size_t               n;
    const unsigned char *data = bytes;

    while (len > 0 && !map->broken) {

        if (map->left == 0) {
            map->header[map->header_len++] = *data++;
            len--;

            if (map->header_len >= 8 && !box_begins(map)) {
                map->broken = true;
            }

            continue;
        }

        n = map->left < len ? (size_t) map->left : len;

        if (map->moof != NULL) {
            memcpy(map->moof + map->moof_len, data, n);
            map->moof_len += n;
        }

        data += n;
        len -= n;
        map->left -= n;

        if (map->left == 0 && map->moof != NULL && !fragment_read(map)) {
            map->broken = true;
        }
    }

    return !map->broken;
}


int64_t
segment_map_frames(const segment_map_t *map)
{
    return map->frames;
}


json_t *
segment_map_json(segment_map_t *map, double start)
{
    if (map->broken || map->left != 0 || map->header_len != 0) {
        return NULL;
    }

    return json_pack("{s:{s:f,s:i},s:O}", "file", "start", start, "version", 2, "segments", map->segments);
}


/* A box header may be whole: note the box and how many bytes follow. */
static bool
box_begins(segment_map_t *map)
{
    char     kind[5];
    json_t  *entry;
    size_t   header = 8;
    uint64_t size = number(map->header, 4);

    if (size == LONG_HEADER) {
        if (map->header_len < HEADER) {
            return true;
        }

        header = HEADER;
        size = number(map->header + 8, 8);
    }

    if (size < header || size > INT64_MAX - (uint64_t) map->offset) {
        return false;
    }

    memcpy(kind, map->header + 4, 4);
    kind[4] = '\0';

    entry = json_pack("{s:s,s:I,s:I}", "name", kind, "offset", (json_int_t) map->offset, "size", (json_int_t) size);
    if (entry == NULL || json_array_append_new(map->segments, entry) != 0) {
        return false;
    }

    map->offset += (int64_t) size;
    map->left = size - header;
    map->header_len = 0;

    if (strcmp(kind, "moof") == 0 && map->left > 0) {
        map->moof_size = (size_t) map->left;
        map->moof_len = 0;
        map->moof = map->left <= MOOF_LIMIT ? malloc(map->moof_size) : NULL;
        map->moof_entry = entry;
        return map->moof != NULL;
    }

    return true;
}


/* Count the samples of the track runs (moof > traf > trun, ISO 14496-12 §8.8). With several runs the last one's values stand. */
static bool
fragment_read(segment_map_t *map)
{
    bool                 good = true;
    size_t               at = 0, size;
    const unsigned char *box;
    int64_t              samples;

    while (good && map->moof_len - at >= 8) {
        box = map->moof + at;
        size = (size_t) number(box, 4);

        if (memcmp(box + 4, "traf", 4) == 0) {
            at += 8; /* its boxes are read in the same row */
            continue;
        }

        if (size < 8 || size > map->moof_len - at) {
            good = false;
            break;
        }

        if (memcmp(box + 4, "trun", 4) == 0) {
            if (size < 16) {
                good = false;
                break;
            }

            samples = (int64_t) number(box + 12, 4);
            good = json_object_set_new(map->moof_entry, "frame_start", json_integer(map->frames)) == 0 &&
                   json_object_set_new(map->moof_entry, "frame_samples", json_integer(samples)) == 0;
            map->frames += samples;
        }

        at += size;
    }

    free(map->moof);
    map->moof = NULL;
    map->moof_entry = NULL;

    return good;
}


static uint64_t
number(const unsigned char *data, size_t len)
{
    uint64_t value = 0;

    while (len-- > 0) {
        value = value << 8 | *data++;
    }

    return value;
}
