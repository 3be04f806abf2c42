/*
 * Dates and times: reading them from users, writing them in the forms of the contract. An instant is a count of microseconds since
 * 1970-01-01T00:00:00Z; a datetime_t is what stands on a calendar and a clock. Years are 1 to 9999, the calendar is the Gregorian
 * one throughout. Nothing here depends on the process's locale or time zone.
 */

#ifndef TATOR_TIME_H
#define TATOR_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for every text that is written here, with its NUL. */
#define TIME_TEXT 40

/* The zone of naive values where the contract says "the server's": EST, UTC-5 without summer time (contract/queries.md §6, §7). */
#define TIME_SERVER_OFFSET (-5 * 3600)

typedef struct {
    int  year, month, day, hour, minute, second, microsecond;
    bool zoned;
    int  offset; /* seconds east of UTC; 0 when not zoned */
} datetime_t;

int64_t time_now(void);

/* The instant; a naive datetime is taken as of `offset`. */
int64_t time_instant(const datetime_t *datetime, int offset);

/* What clocks at `offset` show then; zoned. */
void time_calendar(int64_t instant, int offset, datetime_t *out);

/* RFC 3339 date-time (contract/queries.md §1): zone needed. Leap second 60 is read as 59. false: it is none. */
bool time_parse_rfc3339(const char *text, size_t len, datetime_t *out);

/* ISO: a date, with or without a time and a zone (contract/queries.md §6). */
bool time_parse_iso(const char *text, size_t len, datetime_t *out);

/*
 * Lenient (contract/annotations.md §2.1, queries.md §7): ISO, basic ISO, "Jan 2 2024", "2 January 2024 10:30 PM", "1/2/2024" (month
 * first unless it can not be), "10:30", "Friday", zones Z, UTC, GMT, EST, +05:30; missing parts come from `today` at 00:00.
 */
bool time_parse(const char *text, size_t len, const datetime_t *today, datetime_t *out);

/* "YYYY-MM-DDTHH:MM:SS[.ffffff][+HH:MM]": stored attribute values. Returns the length. */
size_t time_write(char *out, const datetime_t *datetime);

/* "YYYY-MM-DDTHH:MM:SS[.mmm]Z": milliseconds truncated, written when there are microseconds, or `always` (queries.md §4). */
size_t time_write_utc(char *out, int64_t instant, bool always);

/* The same from PostgreSQL's text of a timestamptz (DateStyle ISO, any zone); 0: that can not be read (infinity, BC). */
size_t time_write_database(char *out, const char *text, size_t len, bool always);

#endif
