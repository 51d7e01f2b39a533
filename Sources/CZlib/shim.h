// zlib, which unpacks gzip: its folder comes from pkg-config.
#include <zlib.h>
