#include <mongoc/mongoc.h>

/* Swift does not import types with an alignment beyond 16: to it they are opaque, and these are
   the sizes to lay them out by. */
enum {
    weir_bson_size = sizeof(bson_t),
    weir_bson_alignment = BSON_ALIGNOF(bson_t),
    weir_bson_iter_size = sizeof(bson_iter_t),
    weir_bson_iter_alignment = BSON_ALIGNOF(bson_iter_t)
};
