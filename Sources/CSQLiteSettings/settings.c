#include <sqlite3.h>

#include "CSQLiteSettings.h"

/* SQLite counts what memory it has in use, under one lock for the whole process, at each piece that
   it takes or gives back. Nothing here asks for that count; and where two stores are written to at
   once, a tenth of the time goes into waiting for the lock. It can only be switched off before
   SQLite is first used, thus before main. Should that fail, the count goes on, and no more. */
__attribute__((constructor)) static void weir_set_up_sqlite(void) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
