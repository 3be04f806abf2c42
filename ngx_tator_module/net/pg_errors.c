/*
 * What an SQL error means for the caller: one map from SQLSTATE (PostgreSQL appendix A) to answers. The contract says 400
 * for nearly everything (queries.md §3); a server that is gone or full is 503, a lost race runs the handler once more, and
 * a fault of ours is 500. PostgreSQL's own text goes to the log; to the caller only where it is about his values.
 */

#include "../core/metrics.h"
#include "pg_pool.h"

typedef enum { ERROR_CALLER, ERROR_UNAVAILABLE, ERROR_RACE, ERROR_TIMEOUT, ERROR_OURS } pg_error_kind_t;

typedef struct {
    const char     *state; /* a prefix; the first that fits counts */
    pg_error_kind_t kind;
} pg_error_t;

static const char *error_member(rq_t *rq, const char *state, const char *text);
static bool        error_about(rq_t *rq, const json_t *value, const char *quoted, size_t length);

static const pg_error_t pg_errors[] = {
    {"40001", ERROR_RACE},        /* serialization_failure */
    {"40P01", ERROR_RACE},        /* deadlock_detected */
    {"57014", ERROR_TIMEOUT},     /* query_canceled: statement_timeout */
    {"57P", ERROR_UNAVAILABLE},   /* shutdown, crash, cannot connect now */
    {"53", ERROR_UNAVAILABLE},    /* insufficient resources */
    {"08", ERROR_UNAVAILABLE},    /* connection exceptions */
    {"25P03", ERROR_UNAVAILABLE}, /* idle in transaction too long */
    {"55P03", ERROR_CALLER},      /* lock_not_available: somebody else changes it now */
    {"22", ERROR_CALLER},         /* data exceptions */
    {"23", ERROR_CALLER},         /* integrity constraints */
    {"P0001", ERROR_CALLER},      /* raised by a trigger */
    {"54", ERROR_CALLER},         /* limits exceeded */
    {"42601", ERROR_CALLER},      /* syntax of an ltree or lquery: the one syntax that comes from callers */
    {"42622", ERROR_CALLER},      /* a label of an ltree that is too long */
    {"", ERROR_OURS},
};


void
pg_fail(rq_t *rq, pg_hold_t *hold, PGresult *result)
{
    char             *text;
    const char       *state;
    const pg_error_t *error;

    (void) hold;

    metrics_count(METRIC_PG_ERRORS);
    state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    text = arena_text(rq->arena, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)
                                     ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : "");
    state = state == NULL ? "08006" : arena_text(rq->arena, state); /* libpq's own errors have none: the connection broke */
    PQclear(result);

    for (error = pg_errors; strncmp(state, error->state, strlen(error->state)) != 0; error++) { /* void */ }

    switch (error->kind) {

    case ERROR_CALLER:
        fail_details(rq, 400, text, "%sSQLSTATE %s", error_member(rq, state, text), state);

    case ERROR_RACE:
        if (request_retry(request_of(rq))) {
            request_leave(request_of(rq));
        }
        ngx_log_error(NGX_LOG_WARN, rq_log(rq), 0, "tator: SQLSTATE %s again: %s", state, text);
        fail(rq, 503, "Somebody else is changing the same objects. Please try again.");

    case ERROR_TIMEOUT:
        fail(rq, 503, "The query took too long.");

    case ERROR_UNAVAILABLE:
        ngx_log_error(NGX_LOG_ERR, rq_log(rq), 0, "tator: SQLSTATE %s: %s", state, text);
        fail(rq, 503, "The database is not available at the moment.");

    default:
        ngx_log_error(NGX_LOG_ERR, rq_log(rq), 0, "tator: SQLSTATE %s: %s", state, text);
        fail(rq, 500, "Internal error");
    }
}


void
pg_fail_connection(rq_t *rq)
{
    request_of(rq)->assumed = 0; /* nobody can confirm it, and this answer does not depend on it */
    fail(rq, 503, "The database is not available at the moment.");
}


/* The parameter that the database's words are about, as "NAME: "; "" when that can not be told. */
static const char *
error_member(rq_t *rq, const char *state, const char *text)
{
    size_t      k, length = 0;
    json_t     *object, *value;
    const char *name, *quoted = NULL, *begin = strchr(text, '"'), *end = strrchr(text, '"');

    if (strcmp(state, "22001") == 0 && strchr(text, '(') != NULL) { /* value too long for type character varying(N) */
        length = (size_t) atol(strchr(text, '(') + 1);

    } else if (state[0] == '2' && state[1] == '2' && begin != NULL && end > begin) {
        quoted = arena_copy(rq->arena, begin + 1, (size_t) (end - begin - 1));

    } else if (strstr(text, "ltree") != NULL || strstr(text, "lquery") != NULL) {
        static const char *const paths[] = {"match", "ancestors", "descendants", "path_substitution", "path", "name"};

        for (k = 0; k < sizeof(paths) / sizeof(paths[0]); k++) {
            if (param_given(rq, paths[k])) {
                return rq_format(rq, "%s: ", paths[k]);
            }
        }
    }

    if (length == 0 && quoted == NULL) {
        return "";
    }

    json_object_foreach(rq->params, name, value) {
        if (error_about(rq, value, quoted, length)) {
            return rq_format(rq, "%s: ", name);
        }
    }

    json_array_foreach(rq->body, k, object) {
        json_object_foreach(object, name, value) {
            if (error_about(rq, value, quoted, length)) {
                return rq_format(rq, "[%zu].%s: ", k, name);
            }
        }
    }

    return "";
}


/* true: the value, or an item of it, is the one quoted, or it has more characters than `length`. */
static bool
error_about(rq_t *rq, const json_t *value, const char *quoted, size_t length)
{
    size_t      k, characters = 0;
    json_t     *item;
    const char *text;

    json_array_foreach((json_t *) value, k, item) {
        if (!json_is_array(item) && error_about(rq, item, quoted, length)) {
            return true;
        }
    }

    text = json_is_string(value) ? json_string_value(value) : json_is_number(value) ? json_text(rq->arena, value) : "";

    if (quoted != NULL) {
        return strcmp(text, quoted) == 0;
    }

    for (; *text != '\0'; text++) {
        characters += (*text & 0xc0) != 0x80;
    }

    return characters > length;
}
