/*
 * tator-transcode: makes uploaded videos playable and imports images.
 */

#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/settings.h"
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
    "  TATOR_TRANSCODE_TRIES    how often a source's server is asked in vain before the job is put off (10)\n"
    "  TATOR_TRANSCODE_SANDBOX  off: jobs are not confined, for encoders that need devices\n"
    "  TATOR_TRANSCODE_HWACCEL  hardware that decodes and encodes: vaapi, qsv, cuda (none)\n"
    "  TATOR_{H264,HEVC,AV1}_ENCODER  other encoders of FFmpeg\n"
    "The second form makes all outputs of one file in a directory; --type is a media type's streaming_config and "
    "archive_config;\nwith --image the file is imported as an image.\n";


/* What the command line and the environment ask for. */
typedef struct {
    const char      *job, *file, *output, *type;
    int              attempt;
    double           rate;
    bool             image;
    daemon_options_t daemon;
} orders_t;

static bool orders_environment(orders_t *orders);
static bool orders_option(orders_t *orders, int option);
static bool rate_read(const char *text, double *rate);
static int  serve(const daemon_options_t *options);


int
main(int argc, char **argv)
{
    int      option;
    orders_t orders = {
        .attempt = 1,
        .rate = -1,
        .daemon = {.slots = {1, 2}, .lease = QUEUE_LEASE},
    };

    if (!orders_environment(&orders)) {
        return 2;
    }

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == OPTION_HELP || option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (option == '?') {
            fputs(usage, stderr);
            return 2;
        }
        if (!orders_option(&orders, option)) {
            return 2;
        }
    }

    if (orders.job != NULL) {
        return job_main(orders.job, orders.attempt);
    }

    if (orders.file != NULL && orders.output != NULL) {
        return job_file(orders.file, orders.output, orders.type, orders.rate, orders.image);
    }

    if (orders.file != NULL || orders.output != NULL || optind < argc) {
        fputs(usage, stderr);
        return 2;
    }

    return serve(&orders.daemon);
}


/* Those that the jobs read themselves are looked at here, too: a daemon whose jobs all fail would be no help. */
static bool
orders_environment(orders_t *orders)
{
    int  seconds = orders->daemon.lease / 1000, jobs_own = 0;
    bool good;

    good = settings_variable("TATOR_TRANSCODE_JOBS", 0, 1000, &orders->daemon.slots[QUEUE_TRANSCODES])
           && settings_variable("TATOR_TRANSCODE_IMAGES", 0, 1000, &orders->daemon.slots[QUEUE_IMAGES])
           && settings_variable("TATOR_TRANSCODE_LEASE", 1, 86400, &seconds)
           && settings_variable("TATOR_TRANSCODE_PORT", 0, 65535, &orders->daemon.port)
           && settings_variable("TATOR_TRANSCODE_THREADS", 0, 1024, &jobs_own)
           && settings_variable("TATOR_TRANSCODE_MEMORY", 0, INT_MAX, &jobs_own)
           && settings_variable("TATOR_TRANSCODE_DISK", 0, INT_MAX, &jobs_own)
           && settings_variable("TATOR_TRANSCODE_TRIES", 0, 1000, &jobs_own);

    orders->daemon.lease = seconds * 1000;

    return good;
}


static bool
orders_option(orders_t *orders, int option)
{
    switch (option) {
    case OPTION_JOB:
        orders->job = optarg;
        return true;
    case OPTION_ATTEMPT:
        return settings_number("--attempt", optarg, 1, INT_MAX, &orders->attempt);
    case OPTION_FILE:
        orders->file = optarg;
        return true;
    case OPTION_IMAGE:
        orders->image = true;
        return true;
    case OPTION_OUTPUT:
        orders->output = optarg;
        return true;
    case OPTION_TYPE:
        orders->type = optarg;
        return true;
    case OPTION_RATE:
        return rate_read(optarg, &orders->rate);
    case OPTION_TRANSCODES:
        return settings_number("--transcodes", optarg, 0, 1000, &orders->daemon.slots[QUEUE_TRANSCODES]);
    case OPTION_IMAGES:
        return settings_number("--images", optarg, 0, 1000, &orders->daemon.slots[QUEUE_IMAGES]);
    default:
        return settings_number("--port", optarg, 0, 65535, &orders->daemon.port);
    }
}


/* Pictures a second; -1 stands for those of the source. */
static bool
rate_read(const char *text, double *rate)
{
    char *end;

    *rate = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(*rate)) {
        fprintf(stderr, "--force-fps: \"%s\" is no rate\n", text);
        return false;
    }

    return true;
}


static int
serve(const daemon_options_t *settings)
{
    int      status;
    config_t config = {0};
    arena_t *arena = settings_read(&config, "tator-transcode");

    if (arena == NULL) {
        return 2;
    }

    status = daemon_run(&config, settings);
    arena_destroy(arena);

    return status;
}
