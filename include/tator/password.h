/*
 * Stored passwords in the framework's formats (contract/accounts.md §3.6). Both calls take their time on purpose: in the
 * module they belong in a thread.
 */

#ifndef TATOR_PASSWORD_H
#define TATOR_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_ITERATIONS 600000
#define PASSWORD_STORED     160 /* room for a stored password, NUL included */

/* Whether `password` is the one that `stored` was made of. Unknown formats, empty text and "!…" never match. */
bool password_verify(const char *stored, const char *password, size_t len);

/* Whether a good password should be stored anew: another format, another count, a short salt. */
bool password_outdated(const char *stored);

/* pbkdf2_sha256$600000$<22 letters and digits>$<base64>, or false when there is no randomness. */
bool password_make(char stored[PASSWORD_STORED], const char *password, size_t len);

/* As much time as password_verify() takes, for user names that do not exist. */
void password_idle(const char *password, size_t len);

/* n random letters and digits and a NUL; false when there is no randomness. */
bool password_random(char *out, size_t n);

#endif
