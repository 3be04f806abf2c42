/*
 * tator-transcode: makes uploaded videos playable and imports images.
 */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon.h"
#include "job.h"

enum {
    OPTION_JOB = 256,
    OPTION_ATTEMPT,
    OPTION_FILE,
    OPTION_IMAGE,
    OPTION_OUTPUT,
    OPTION_TYPE,
    OPTION_RATE,
    OPTION_TRANSCODES,
    OPTION_IMAGES,
    OPTION_PORT,
    OPTION_HELP
};

static const struct option options[] = {
    {"job", required_argument, NULL, OPTION_JOB},
    {"attempt", required_argument, NULL, OPTION_ATTEMPT},
    {"file", required_argument, NULL, OPTION_FILE},
    {"image", no_argument, NULL, OPTION_IMAGE},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"type", required_argument, NULL, OPTION_TYPE},
    {"force-fps", required_argument, NULL, OPTION_RATE},
    {"transcodes", required_argument, NULL, OPTION_TRANSCODES},
    {"images", required_argument, NULL, OPTION_IMAGES},
    {"port", required_argument, NULL, OPTION_PORT},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static const char usage[] =
    "usage: tator-transcode [--transcodes N] [--images N] [--port N]\n"
    "       tator-transcode --file FILE --output DIRECTORY [--type JSON] [--force-fps RATE] [--image]\n"
    "\n"
    "The first form is the daemon; its settings come from the environment: REDIS_HOST and the like, and\n"
    "  TATOR_TRANSCODE_JOBS     --transcodes: videos at a time (1)\n"
    "  TATOR_TRANSCODE_IMAGES   --images: images at a time (2)\n"
    "  TATOR_TRANSCODE_PORT     --port: of /healthz and /metrics (none)\n"
    "  TATOR_TRANSCODE_LEASE    seconds after which a dead worker's job is taken over (30)\n"
    "  TATOR_TRANSCODE_THREADS  processors that a job uses (all)\n"
    "  TATOR_TRANSCODE_MEMORY   megabytes that a job may use (three quarters of all)\n"
    "  TATOR_TRANSCODE_DISK     megabytes that a file of a job may have (three quarters of what TMPDIR has free)\n"
    "  TATOR_TRANSCODE_SANDBOX  off: jobs are not confined, for encoders that need devices\n"
    "  TATOR_{H264,HEVC,AV1}_ENCODER  other encoders of FFmpeg\n"
    "The second form makes all outputs of one file in a directory; --type is a media type's streaming_config and "
    "archive_config;\nwith --image the file is imported as an image.\n";


static int environment(const char *name, int otherwise);
static int serve(const daemon_options_t *options);


int
main(int argc, char **argv)
{
    int              option, attempt = 1;
    bool             image = false;
    const char      *job = NULL, *file = NULL, *output = NULL, *type = NULL;
    double           rate = -1;
    daemon_options_t daemon = {
        .slots = {environment("TATOR_TRANSCODE_JOBS", 1), environment("TATOR_TRANSCODE_IMAGES", 2)},
        .lease = environment("TATOR_TRANSCODE_LEASE", QUEUE_LEASE / 1000) * 1000,
        .port = environment("TATOR_TRANSCODE_PORT", 0),
    };

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case OPTION_JOB:
            job = optarg;
            break;
        case OPTION_ATTEMPT:
            attempt = atoi(optarg);
            break;
        case OPTION_FILE:
            file = optarg;
            break;
        case OPTION_IMAGE:
            image = true;
            break;
        case OPTION_OUTPUT:
            output = optarg;
            break;
        case OPTION_TYPE:
            type = optarg;
            break;
        case OPTION_RATE:
            rate = strtod(optarg, NULL);
            break;
        case OPTION_TRANSCODES:
            daemon.slots[QUEUE_TRANSCODES] = atoi(optarg);
            break;
        case OPTION_IMAGES:
            daemon.slots[QUEUE_IMAGES] = atoi(optarg);
            break;
        case OPTION_PORT:
            daemon.port = atoi(optarg);
            break;
        case OPTION_HELP:
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }

    if (job != NULL) {
        return job_main(job, attempt);
    }

    if (file != NULL && output != NULL) {
        return job_file(file, output, type, rate, image);
    }

    if (file != NULL || output != NULL || optind < argc) {
        fputs(usage, stderr);
        return 2;
    }

    return serve(&daemon);
}


static int
serve(const daemon_options_t *settings)
{
    int         status;
    arena_t    *arena = arena_create(NULL, NULL);
    config_t    config = {0};
    const char *problem;

    if (arena == NULL) {
        return 1;
    }

    problem = config_read(&config, arena);
    if (problem != NULL) {
        fprintf(stderr, "tator-transcode: the value of %s can not be used\n", problem);
        arena_destroy(arena);
        return 2;
    }

    status = daemon_run(&config, settings);
    arena_destroy(arena);

    return status;
}


static int
environment(const char *name, int otherwise)
{
    const char *text = getenv(name);

    return text != NULL && *text ? atoi(text) : otherwise;
}
