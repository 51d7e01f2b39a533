// libpq, the C interface of PostgreSQL: its folder comes from pkg-config.
#include <libpq-fe.h>
