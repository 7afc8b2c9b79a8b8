/*
 * A client made of libtirpc, for a network that loses datagrams:
 *
 *     lossy PORT CALLS
 *
 * It calls procedure 1 of the server at this port of 127.0.0.1 with the numbers from 0 on, each sent
 * again every 50 ms until an answer comes, and prints how many were answered with the number itself.
 */
#include <arpa/inet.h>
#include <rpc/rpc.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct timeval retry = { 0, 50000 }, deadline = { 60, 0 };
	int fd = RPC_ANYSOCK, answered = 0;
	CLIENT *client;

	if (argc != 3)
		return 2;
	address.sin_port = htons(atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client = clntudp_create(&address, 0x20000042, 1, retry, &fd);
	if (client == NULL) {
		clnt_pcreateerror("lossy");
		return 1;
	}
	for (int i = 0; i < atoi(argv[2]); i++) {
		int result = -1;
		enum clnt_stat stat = clnt_call(client, 1, (xdrproc_t)xdr_int, (caddr_t)&i,
						(xdrproc_t)xdr_int, (caddr_t)&result, deadline);
		if (stat == RPC_SUCCESS && result == i)
			answered++;
		else
			printf("call %d: %s, %d\n", i, clnt_sperrno(stat), result);
	}
	printf("answered %d\n", answered);
	return 0;
}
