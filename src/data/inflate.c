#include "inflate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { LEAST_ROOM = 1 << 16, GZIP_ONLY = 16 };

struct inflation {
    z_stream stream;
    const char *path;
    const uint8_t *bytes;
    size_t length;
    size_t taken, made; /* bytes that went in and came out, up to the latest call */
    uint8_t *out;
    size_t room;
    struct errors *errors;
};

bool inflate_begins(const uint8_t *bytes, size_t length)
{
    return length >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static bool complain(const struct inflation *in, const char *what)
{
    return errors_add(in->errors, "%s: byte %zu: %s", in->path, in->taken, what);
}

static bool make_room(struct inflation *in)
{
    if (in->made < in->room)
        return true;
    size_t room = in->room ? 2 * in->room : LEAST_ROOM;
    uint8_t *larger = realloc(in->out, room);
    if (!larger)
        return errors_add_status(in->errors, STATUS_OUT_OF_MEMORY,
                                 "%s: the host has no memory for what it holds", in->path);
    in->out = larger;
    in->room = room;
    return true;
}

static uInt chunk(size_t bytes)
{
    return bytes < INT_MAX ? (uInt)bytes : INT_MAX;
}

/* One call of zlib's. Its lengths are of 32 bits, ours of 64. */
static int advance(struct inflation *in)
{
    z_stream *stream = &in->stream;
    uInt offered = chunk(in->length - in->taken), wanted = chunk(in->room - in->made);
    stream->next_in = (Bytef *)(uintptr_t)(in->bytes + in->taken);
    stream->avail_in = offered;
    stream->next_out = in->out + in->made;
    stream->avail_out = wanted;
    int code = inflate(stream, Z_NO_FLUSH);
    in->taken += offered - stream->avail_in;
    in->made += wanted - stream->avail_out;
    return code;
}

/* Further members may follow one; zeros behind the last are padding. */
static bool more_follows(const struct inflation *in)
{
    size_t at = in->taken;
    while (at < in->length && !in->bytes[at])
        at++;
    return at < in->length;
}

static bool run(struct inflation *in)
{
    while (make_room(in)) {
        int code = advance(in);
        if (code == Z_STREAM_END && !more_follows(in))
            return true;
        if (code == Z_STREAM_END && inflateReset(&in->stream) == Z_OK)
            continue;
        if (code == Z_MEM_ERROR)
            return complain(in, "the host has no memory to inflate it");
        if (code != Z_OK && code != Z_BUF_ERROR)
            return complain(in, in->stream.msg ? in->stream.msg : "this is not gzip's");
        if (in->taken == in->length && in->made < in->room)
            return complain(in, "the gzip file ends before its data do");
    }
    return false;
}

uint8_t *inflate_whole(const char *path, const uint8_t *bytes, size_t length, size_t *out_length,
                       struct errors *errors)
{
    struct inflation in = {.path = path, .bytes = bytes, .length = length, .errors = errors};
    bool good = inflateInit2(&in.stream, MAX_WBITS + GZIP_ONLY) == Z_OK;
    if (!good)
        complain(&in, "zlib cannot begin");
    good = good && run(&in);
    inflateEnd(&in.stream);
    *out_length = in.made;
    if (good)
        return in.out;
    free(in.out);
    return NULL;
}
