/*
 * A client of the exported attributes.x, made of libtirpc and the C rpcgen's output:
 *
 *     attributes_client PORT
 *
 * It calls the server at this TCP port of 127.0.0.1 and prints one line about each call.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attributes.h"

static void divide(CLIENT *client, int a, int b)
{
	attributes_divide_1_argument argument = { a, b };
	attributes_divide_1_reply reply = { 0 };

	if (attributes_divide_1(argument, &reply, client) != RPC_SUCCESS)
		printf("divide: failed\n");
	else if (reply.raised == 0)
		printf("divide: %d, rest %d\n", reply.attributes_divide_1_reply_u.result.result,
		       reply.attributes_divide_1_reply_u.result.rest);
	else if (reply.raised == 1)
		printf("divide: refused, %s, code %d\n",
		       reply.attributes_divide_1_reply_u.refused_exception.why,
		       reply.attributes_divide_1_reply_u.refused_exception.code);
	else
		printf("divide: raised %d, state %d\n", reply.raised,
		       reply.attributes_divide_1_reply_u.state_exception);
}

static void greet(CLIENT *client, int *times)
{
	attributes_greet_1_argument argument = { "C", times };
	attributes_greet_1_result greeting = NULL;

	if (attributes_greet_1(argument, &greeting, client) == RPC_SUCCESS)
		printf("greet: %s\n", greeting);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = RPC_ANYSOCK, a[] = { 1, 2, 3 }, b[] = { 4, 5, 6 }, twice = 2, number = 0;
	struct timeval none = { 0, 0 };

	if (argc != 2)
		return 2;
	address.sin_port = htons(atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CLIENT *client = clnttcp_create(&address, ATTRIBUTES_PROG, ATTRIBUTES_V1, &fd, 0, 0);
	if (client == NULL) {
		clnt_pcreateerror("client");
		return 1;
	}

	divide(client, 17, 5);
	divide(client, 17, 0);
	divide(client, 0, 0);

	attributes_swap_1_argument pair = { 1, 2 };
	attributes_swap_1_result swapped = { 0 };
	attributes_swap_1(pair, &swapped, client);
	printf("swap: %d %d\n", swapped.a, swapped.b);

	attributes_scalar_1_argument vectors = { { 3, a }, { 3, b } };
	quad_t product = 0;
	attributes_scalar_1(vectors, &product, client);
	printf("scalar: %lld\n", (long long)product);
	vectors.b.b_len = 2;
	printf("scalar: %s\n", clnt_sperrno(attributes_scalar_1(vectors, &product, client)));

	attributes_read_1_argument range = { 7, 300 };
	attributes_read_1_result read = { 0 };
	attributes_read_1(range, &read, client);
	printf("read: %d, %u bytes, the last is %d\n", read.result, read.data.data_len,
	       (unsigned char)read.data.data_val[299]);

	greet(client, NULL);
	greet(client, &twice);
	printf("percent: %s\n", clnt_sperrno(attributes_percent_1(101, &number, client)));

	/* No reply is waited for. */
	for (int value = 1; value <= 3; value++)
		clnt_call(client, ATTRIBUTES_NOTE, (xdrproc_t)xdr_int, (caddr_t)&value,
			  (xdrproc_t)xdr_void, NULL, none);
	printf("noted: %s", clnt_sperrno(attributes_noted_1(&number, client)));
	printf(", %d\n", number);
	return 0;
}
