#include <mongoc/mongoc.h>

#include "CMongocSilence.h"

/* libmongoc starts when it is loaded, before main, and may already then write a warning to standard
   error: that it has "fallen back to malloc for counters" where a killed process left its shared
   memory behind under this process's id. Standard error is the program's own, and what matters
   comes back as an error; so the driver is silenced before the start of any library, which is when
   the functions of the pre-initialisation array of an executable run. */
static void weir_silence_mongoc(void) {
    mongoc_log_set_handler(NULL, NULL);
}

__attribute__((section(".preinit_array"), used)) static void (*const weir_before_libraries)(void) =
    weir_silence_mongoc;
