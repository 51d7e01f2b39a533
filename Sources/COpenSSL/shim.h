// libcrypto, OpenSSL's hashes: its folder comes from pkg-config.
#include <openssl/evp.h>
