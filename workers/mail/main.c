/*
 * tator-mail: sends what requests have put into the outbox, by SMTP or Azure Communication Services, and to the operators' chat.
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "common/log.h"
#include "common/settings.h"
#include "common/status.h"
#include "outbox.h"

#define WAIT   30000 /* milliseconds between looks when nothing calls */
#define UNWELL 90    /* seconds without the database */

static const struct option options[] = {
    {"port", required_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static const char usage[] =
    "usage: tator-mail [--port N]\n"
    "\n"
    "Sends the outbox. Its settings come from the environment: POSTGRES_…, TATOR_EMAIL_…, TATOR_SLACK_…, and\n"
    "  TATOR_MAIL_PORT  --port: of /healthz and /metrics (none)\n";

static volatile sig_atomic_t stopping;
static _Atomic time_t        seen;

static int  run(const config_t *config, int port);
static void on_stop(int number);
static bool healthy(void);


int
main(int argc, char **argv)
{
    int      option, status, port = 0;
    arena_t *arena;
    config_t config;

    if (!settings_variable("TATOR_MAIL_PORT", 0, 65535, &port)) {
        return 2;
    }

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            if (!settings_number("--port", optarg, 0, 65535, &port)) {
                return 2;
            }
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }

    arena = settings_read(&config, "tator-mail");
    if (arena == NULL) {
        return 2;
    }

    status = run(&config, port);
    arena_destroy(arena);

    return status;
}


static int
run(const config_t *config, int port)
{
    int        done;
    database_t database;

    log_open("tator-mail");
    settings_signals(on_stop);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    seen = time(NULL);

    if (!status_serve(port, healthy, outbox_metrics)) {
        log_error("port %d can not be used: %s", port, strerror(errno));
        return 1;
    }

    database_open(&database, config);
    database.channel = "tator_outbox";
    log_info("started; mail by %s, %s chat", !config->email_enabled ? "nothing" : config->email_connection != NULL ? "Azure" : config->email_host,
             config->slack_token != NULL && config->slack_channel != NULL ? "a" : "no");

    while (!stopping) {
        done = outbox_step(&database);
        if (done >= 0) {
            seen = time(NULL);
        }
        if (done <= 0 && !stopping) {
            database_wait(&database, done < 0 ? 1000 : outbox_next(&database, WAIT));
        }
    }

    database_close(&database);
    curl_global_cleanup();
    log_info("stopped");

    return 0;
}


static void
on_stop(int number)
{
    (void) number;
    stopping = 1;
}


static bool
healthy(void)
{
    return time(NULL) - seen < UNWELL;
}
