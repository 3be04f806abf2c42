/*
 * Which files a media type wants, and which of them a media already has (contract/media.md §18).
 */

#ifndef TRANSCODE_LADDER_H
#define TRANSCODE_LADDER_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define LADDER_ROOM 32

typedef struct {
    int  height;
    int  crf;
    char codec[8];   /* h264, hevc, av1 */
    char preset[24]; /* empty: the encoder's usual one */
    char tune[24];   /* empty: fastdecode */
    char pixel_format[16];
} rung_config_t;

/* The streaming files still to be made of a source `height` lines high, at most LADDER_ROOM of them, lowest first.
   `config` is the type's streaming_config (NULL or null: the default ladder), `present` the media's streaming files. */
size_t ladder_plan(rung_config_t *rungs, int height, const json_t *config, const json_t *present);

/* The encoding of an entry of archive_config. false: it is a plain copy. */
bool ladder_archive(rung_config_t *rung, const json_t *entry);

#endif
