/* Decodes values and encodes them again, with the code that rpcgen made of an interface file.

   Compiled once for each file, with HEADER and TYPES: a list of `TYPE(name)`. Standard input has
   any number of cases: number of the type, length, value; standard output gets for each of them
   whether the value was understood, length, and what it was encoded to. Numbers are four bytes,
   the most significant one first. */

#include HEADER
#include <stdio.h>
#include <stdlib.h>
#include <arpa/inet.h>

#define VALUE_MAX (1 << 20)

struct type {
    size_t size;
    xdrproc_t filter;
};

#define TYPE(name) {sizeof(name), (xdrproc_t)xdr_##name},

static const struct type types[] = {
#include TYPES
};

static char input[VALUE_MAX], output[VALUE_MAX];

static int read_number(u_int *number)
{
    int is_there = fread(number, sizeof *number, 1, stdin) == 1;
    *number = ntohl(*number);
    return is_there;
}

static void write_number(u_int number)
{
    number = htonl(number);
    fwrite(&number, sizeof number, 1, stdout);
}

/* The length of what the input was encoded to; -1 if it could not be decoded to its end. */
static int filter(const struct type *type, u_int length)
{
    XDR in, out;
    /* All of it is left to the end of the process: after a failure there may be loose ends. */
    void *value = calloc(1, type->size);

    xdrmem_create(&in, input, length, XDR_DECODE);
    xdrmem_create(&out, output, sizeof output, XDR_ENCODE);
    if (!type->filter(&in, value, 0) || xdr_getpos(&in) != length)
        return -1;
    if (!type->filter(&out, value, 0))
        return -1;
    return (int)xdr_getpos(&out);
}

int main(void)
{
    u_int number, length;

    while (read_number(&number)) {
        int result;

        if (!read_number(&length) || length > sizeof input
            || number >= sizeof types / sizeof types[0]
            || fread(input, 1, length, stdin) != length)
            return 1;
        result = filter(&types[number], length);
        write_number(result >= 0);
        write_number(result >= 0 ? (u_int)result : 0);
        fwrite(output, 1, result >= 0 ? (size_t)result : 0, stdout);
    }
    return 0;
}
