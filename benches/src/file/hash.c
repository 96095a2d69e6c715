/* C's side of the benchmark `files` where a file is copied and hashed, with OpenSSL; started by src/file/server.rs.
 *
 * Usage: hash JOB FROM TO. The only job is `hashed`. A client gets the digest, or nothing if something failed. */

#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>

#include "serve.h"

static const char *from, *to;

static void hashed(int client) {
    static unsigned char chunk[CHUNK_BYTES];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length;
    ssize_t length;
    int copied = 1;
    int source = open(from, O_RDONLY), target = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    EVP_DigestInit_ex(state, EVP_sha3_256(), NULL);
    while (copied && (length = read(source, chunk, sizeof chunk)) > 0) {
        EVP_DigestUpdate(state, chunk, (size_t)length);
        copied = write_all(target, chunk, (size_t)length);
    }
    EVP_DigestFinal_ex(state, digest, &digest_length);
    EVP_MD_CTX_free(state);
    close(source);
    close(target);
    if (copied) write_all(client, digest, digest_length);
}

int main(int argc, char **argv) {
    if (argc != 4 || strcmp(argv[1], "hashed") != 0) return 2;
    from = argv[2];
    to = argv[3];
    return serve(hashed);
}
