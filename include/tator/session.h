/*
 * The framework's stored sessions and CSRF tokens (contract/accounts.md §3.4, §3.6): an existing database's sessions stay
 * good, and ours are good for the reference. Pure; texts are made in the arena.
 */

#ifndef TATOR_SESSION_H
#define TATOR_SESSION_H

#include <time.h>

#include <jansson.h>
#include <tator/arena.h>

#define SESSION_KEY     32
#define SESSION_SECONDS 1209600

#define CSRF_SECRET  32
#define CSRF_TOKEN   64 /* mask and masked secret */
#define CSRF_SECONDS 31449600

typedef enum { CSRF_GOOD, CSRF_BAD_LENGTH, CSRF_BAD_CHARACTERS } csrf_form_t;

/* A new row's session_key: lower-case letters and digits, and a NUL. */
void session_key(char out[SESSION_KEY + 1]);

/* session_data of the members, signed at `now`. */
char *session_encode(arena_t *arena, const char *secret_key, const json_t *members, time_t now);

/* The members, which the caller owns; NULL: not signed with this key, or damaged. */
json_t *session_decode(arena_t *arena, const char *secret_key, const char *data);

/* The member _auth_user_hash that goes with a stored password: another password ends the session. */
char *session_password_hash(arena_t *arena, const char *secret_key, const char *stored);

/* A new secret: letters and digits, and a NUL. */
void csrf_secret(char out[CSRF_SECRET + 1]);

/* The secret under a new random mask, for a form. */
void csrf_mask(char out[CSRF_TOKEN + 1], const char *secret);

/* The secret that a cookie, field or header carries, bare or masked. */
csrf_form_t csrf_unmask(char out[CSRF_SECRET + 1], const char *token);

#endif
