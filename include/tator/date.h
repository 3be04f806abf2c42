/*
 * Dates that people write: ISO 8601 and common forms, missing parts from a given day (contract/annotations.md §2.1, queries.md §7).
 */

#ifndef TATOR_DATE_H
#define TATOR_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include <tator/str.h>

typedef struct {
    int  year, month, day, hour, minute, second, microsecond;
    bool zoned;  /* a zone was given */
    int  offset; /* seconds east of Greenwich */
} date_t;

/* The present moment in UTC, zoned. */
date_t date_now(void);

/* Parse text; what it leaves out comes from `today` (time 00:00). false: it is no date. */
bool date_parse(const char *text, const date_t *today, date_t *out);

/* 2024-02-29T12:00:00[.123456][+01:00]; returns the length. */
#define DATE_ISO_SIZE 48
size_t date_iso(char out[DATE_ISO_SIZE], const date_t *date);

/* Microseconds since 1970 in UTC; a date without zone is taken `offset` seconds east of Greenwich. */
int64_t date_microseconds(const date_t *date, int offset);

#endif
