/*
 * The segment file of a streaming video (contract/media.md §17): where each top-level box of the MP4 stands and which
 * pictures a fragment holds. It is built while the file is written: feed the bytes in order, in pieces of any size.
 */

#ifndef TATOR_SEGMENT_MAP_H
#define TATOR_SEGMENT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

typedef struct segment_map_s segment_map_t;

/* NULL: no memory. */
segment_map_t *segment_map_create(void);
void           segment_map_destroy(segment_map_t *map);

/* The next bytes of the file. false: not MP4 boxes, or no memory; the map can not be used any more. */
bool segment_map_feed(segment_map_t *map, const void *data, size_t len);

/* Pictures (samples) of all fragments so far. */
int64_t segment_map_frames(const segment_map_t *map);

/* The whole file as JSON, version 2; `start` in seconds. NULL when the bytes end inside a box, or no memory. The caller owns it. */
json_t *segment_map_json(segment_map_t *map, double start);

#endif
